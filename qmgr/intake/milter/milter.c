#include "qmgr/intake/milter/milter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/number.h"
#include "util/base/text.h"
#include "util/io/stream.h"
#include "util/log/log.h"
#include "util/net/endpoint.h"

enum state {
    STATE_UNCONNECTED,
    STATE_LISTENING,
    STATE_MESSAGE_OVER, /* it has heard enough of this message */
    STATE_FINISHED,     /* it has heard enough of this client */
    STATE_REFUSING,     /* the session was refused, or the filter failed: standing is the answer to everything */
    STATE_LOST,         /* the connection broke during the content; the next command will notice */
};

struct milter {
    const struct config *config;
    const struct milter_settings *settings;
    struct arena *arena;  /* of the connection */
    struct arena *call;   /* of the event at hand */
    struct stream *stream;
    enum state state;
    struct milter_decision standing;
    struct milter_offer agreed;
    unsigned version;     /* that we speak */
    bool abort_pending;
    enum milter_command skipped; /* of this kind it wants no more until something else happens; 0: of none */
    bool is_content;      /* the event at hand */
    struct str output;
    struct str input;
};

struct milter *milter_new(const struct config *config, const struct milter_settings *settings)
{
    struct milter *milter = memory_new(struct milter);

    milter->config = config;
    milter->settings = settings;
    milter->arena = arena_new();
    milter->call = arena_new();
    return milter;
}

static void disconnect(struct milter *milter)
{
    stream_close(milter->stream);
    milter->stream = NULL;
    milter->abort_pending = false;
}

static void put_command(struct milter *milter, enum milter_command command, const char *data, size_t length)
{
    size_t start;

    milter_wire_begin(&milter->output, command, &start);
    if (length > 0)
        str_put_bytes(&milter->output, data, length);
    milter_wire_end(&milter->output, start);
}

static void send_output(struct milter *milter)
{
    stream_write(milter->stream, str_text(&milter->output), milter->output.length);
    str_clear(&milter->output);
}

void milter_close(struct milter *milter)
{
    if (milter == NULL)
        return;
    if (milter->stream != NULL) {
        str_clear(&milter->output);
        put_command(milter, MILTER_QUIT, NULL, 0);
        send_output(milter);
        stream_set_deadline(milter->stream, clock_deadline_s(1));
        (void)stream_flush(milter->stream); /* it is over either way */
    }
    disconnect(milter);
    str_free(&milter->output);
    str_free(&milter->input);
    arena_free(milter->call);
    arena_free(milter->arena);
    free(milter);
}

/* --- failure --- */

static struct milter_decision refuse(int code, const char *status, const char *text)
{
    struct milter_decision decision = { .outcome = MILTER_REFUSE, .verdict = { .code = code, .text = text } };

    memcpy(decision.verdict.status, status, strlen(status) + 1);
    return decision;
}

static struct milter_decision configuration_problem(void)
{
    return refuse(451, "4.3.5", "Server configuration problem - try again later");
}

static struct milter_decision closing_connection(void)
{
    return refuse(421, "4.7.1", "Service unavailable - closing connection");
}

static struct milter_decision default_decision(const struct milter *milter)
{
    const char *action = milter->settings->default_action;

    if (text_equal(action, "accept"))
        return (struct milter_decision){0};
    if (text_equal(action, "reject"))
        return refuse(550, "5.5.0", "Service unavailable");
    if (text_equal(action, "shutdown") && !milter->is_content)
        return closing_connection();
    if (text_equal(action, "tempfail") || text_equal(action, "shutdown")) /* no session ends amid a message's content */
        return refuse(451, "4.7.1", "Service unavailable - try again later");
    if (text_equal(action, "quarantine"))
        return (struct milter_decision){ .outcome = MILTER_HOLD };
    log_warning("milter %s: unrecognized default action: %s", milter->settings->endpoint, action);
    return configuration_problem();
}

/* The filter can't be used any more for this client. */
static struct milter_decision give_up(struct milter *milter, struct milter_decision standing)
{
    disconnect(milter);
    milter->standing = standing;
    milter->state = standing.outcome == MILTER_GO_ON ? STATE_FINISHED : STATE_REFUSING;
    return standing;
}

/* The filter failed to answer: in the content that is noticed once more at the next command, as the log shows it. */
static struct milter_decision lose(struct milter *milter, struct milter_decision decision)
{
    (void)give_up(milter, decision);
    if (milter->is_content)
        milter->state = STATE_LOST;
    return decision;
}

static const char *describe(const struct stream *stream)
{
    switch (stream_status(stream)) {
    case STREAM_TIMEOUT:
        return strerror(ETIMEDOUT);
    case STREAM_ERROR:
        return strerror(stream_errno(stream));
    case STREAM_OK:
    case STREAM_EOF:
    case STREAM_TOO_LONG:
        break;
    }
    return "Application error";
}

static void warn_of_reading(const struct milter *milter, enum milter_command command, const char *part, const char *why)
{
    log_warning("milter %s: can't read %s reply packet %s: %s", milter->settings->endpoint, milter_command_name(command),
        part, why);
}

/* --- packets --- */

/* Reads a packet into input. The buffer grows by what arrives, whatever length is announced. */
static bool read_packet(struct milter *milter, enum milter_command command, char *letter)
{
    unsigned char head[5];

    str_clear(&milter->input);
    if (stream_read_exactly(milter->stream, head, 4) != STREAM_OK) {
        warn_of_reading(milter, command, "header", describe(milter->stream));
        return false;
    }
    uint32_t length = milter_wire_get_number(head);
    uint32_t limit = length > MILTER_PACKET_BYTES_MAX ? MILTER_PACKET_BYTES_MAX : MILTER_KEPT_BYTES_MAX;
    if (length == 0 || length > limit) {
        log_warning("milter %s: unreasonable packet length: %u > %u", milter->settings->endpoint, length, limit);
        return false;
    }
    bool good = stream_read_exactly(milter->stream, letter, 1) == STREAM_OK;
    for (uint32_t left = length - 1; good && left > 0;) {
        char block[4096];
        size_t now = left < sizeof(block) ? left : sizeof(block);
        good = stream_read_exactly(milter->stream, block, now) == STREAM_OK;
        if (good)
            str_put_bytes(&milter->input, block, now);
        left -= (uint32_t)now;
    }
    if (!good)
        warn_of_reading(milter, command, "data", describe(milter->stream));
    return good;
}

static bool read_answer(struct milter *milter, enum milter_command command, struct milter_answer *answer)
{
    char letter;

    if (!read_packet(milter, command, &letter))
        return false;
    milter_wire_get_answer(letter, str_text(&milter->input), milter->input.length, milter->call, answer);
    return true;
}

/* --- macros --- */

static void put_macros(struct milter *milter, const struct milter_event *event, const struct milter_macros *macros)
{
    const char *names = milter->agreed.macros[event->stage];
    const char *word;
    size_t length;
    size_t start;

    if (names == NULL)
        names = milter_settings_macros(milter->config, event->stage);
    milter_wire_begin(&milter->output, MILTER_MACROS, &start);
    str_put_char(&milter->output, (char)event->command);
    while (text_next_word(&names, TEXT_LIST_SEPARATORS, &word, &length)) {
        const char *name = arena_copy_bytes(milter->call, word, length);
        const char *value = macros->value(macros->context, name);
        if (value == NULL)
            value = milter_settings_macro_default(milter->config, name, milter->call);
        if (value == NULL)
            continue;
        milter_wire_text(&milter->output, name);
        milter_wire_text(&milter->output, value);
    }
    milter_wire_end(&milter->output, start);
}

/* --- the connection --- */

static unsigned parse_version(struct milter *milter)
{
    const char *cursor = milter->settings->protocol;
    const char *word;
    size_t length;
    int64_t version = 0;

    while (text_next_word(&cursor, TEXT_LIST_SEPARATORS, &word, &length)) {
        const char *one = arena_copy_bytes(milter->call, word, length);
        if (text_equal(one, "no_header_reply"))
            milter->agreed.protocol |= MILTER_MUTE_HEADER;
        else if (!number_parse_i64(one, 2, 6, &version))
            return 0;
    }
    return (unsigned)version;
}

static bool negotiate(struct milter *milter)
{
    struct milter_offer *agreed = &milter->agreed;
    uint32_t mask = milter_wire_protocol_mask(milter->version);
    uint32_t always = agreed->protocol;
    size_t start;
    char letter;

    milter_wire_begin(&milter->output, MILTER_NEGOTIATE, &start);
    milter_wire_number(&milter->output, milter->version);
    milter_wire_number(&milter->output, MILTER_MAY_ALL);
    milter_wire_number(&milter->output, mask);
    milter_wire_end(&milter->output, start);
    send_output(milter);
    if (!read_packet(milter, MILTER_NEGOTIATE, &letter)) {
        log_warning("milter %s: read error in initial handshake", milter->settings->endpoint);
        return false;
    }
    if (letter != MILTER_NEGOTIATE
        || !milter_wire_get_offer(str_text(&milter->input), milter->input.length, milter->arena, agreed)) {
        log_warning("milter %s: unexpected reply \"%c\" in initial handshake", milter->settings->endpoint, letter);
        return false;
    }
    if (agreed->version < 2 || agreed->version > milter->version)
        log_warning("milter %s: unexpected protocol version %u", milter->settings->endpoint, agreed->version);
    else
        milter->version = agreed->version;
    agreed->actions &= MILTER_MAY_ALL;
    agreed->protocol = (agreed->protocol & mask) | always;
    return true;
}

void milter_connect(struct milter *milter)
{
    const struct milter_settings *settings = milter->settings;

    milter->version = parse_version(milter);
    if (milter->version == 0) {
        log_warning("milter %s: bad protocol information: %s", settings->endpoint, settings->protocol);
        struct milter_decision decision = default_decision(milter);
        (void)give_up(milter, decision.outcome == MILTER_REFUSE ? configuration_problem() : decision); /* shows in the first event */
        return;
    }
    if (settings->flaw != NULL) {
        if (*settings->flaw != '\0')
            log_warning("%s", settings->flaw);
        (void)give_up(milter, configuration_problem());
        return;
    }
    int fd = endpoint_connect(milter->config->inet_protocols, settings->endpoint, settings->connect_timeout_s);
    if (fd < 0) {
        log_warning("connect to Milter service %s: %s", settings->endpoint, strerror(errno));
        (void)give_up(milter, default_decision(milter));
        return;
    }
    milter->stream = stream_open(fd);
    stream_set_deadline(milter->stream, clock_deadline_s(settings->connect_timeout_s));
    milter->state = STATE_LISTENING;
    if (!negotiate(milter))
        (void)give_up(milter, default_decision(milter));
}

/* --- events --- */

static bool is_session_event(enum milter_command command)
{
    return command == MILTER_CONNECT || command == MILTER_HELO;
}

/* What was refused at CONNECT or HELO stays refused. */
static struct milter_decision refuse_by(struct milter *milter, enum milter_command command, struct milter_decision decision)
{
    return is_session_event(command) ? give_up(milter, decision) : decision;
}

static struct milter_decision unexpected(struct milter *milter, enum milter_command command, const struct milter_answer *answer)
{
    if (answer->kind == MILTER_ANSWER_SHORT) {
        log_warning("milter %s: packet too short for string", milter->settings->endpoint);
        return lose(milter, default_decision(milter));
    }
    if (answer->kind == MILTER_ANSWER_MALFORMED)
        log_warning("milter %s: malformed reply: %s", milter->settings->endpoint, answer->text);
    else
        log_warning("milter %s: unexpected reply to %s", milter->settings->endpoint, milter_command_name(command));
    return lose(milter, configuration_problem());
}

static struct milter_decision stop_listening(struct milter *milter, enum milter_command command)
{
    if (is_session_event(command))
        return give_up(milter, (struct milter_decision){0});
    milter->state = STATE_MESSAGE_OVER;
    return (struct milter_decision){0};
}

/* The answer that ends an event; changes and "in progress" have been dealt with. */
static struct milter_decision decide(struct milter *milter, enum milter_command command, struct milter_answer *answer)
{
    switch (answer->kind) {
    case MILTER_ANSWER_SKIP:
        milter->skipped = command;
        return (struct milter_decision){0};
    case MILTER_ANSWER_CONTINUE:
        return (struct milter_decision){0};
    case MILTER_ANSWER_ACCEPT:
        return stop_listening(milter, command);
    case MILTER_ANSWER_DISCARD:
        if (is_session_event(command)) {
            log_warning("milter %s: DISCARD action is not allowed for connect or helo", milter->settings->endpoint);
            return (struct milter_decision){0};
        }
        milter->state = STATE_MESSAGE_OVER;
        return (struct milter_decision){ .outcome = MILTER_DISCARD };
    case MILTER_ANSWER_REJECT:
        return refuse_by(milter, command, refuse(550, "5.7.1", "Command rejected"));
    case MILTER_ANSWER_TEMPFAIL:
        return refuse_by(milter, command, refuse(451, "4.7.1", "Service unavailable - try again later"));
    case MILTER_ANSWER_SHUTDOWN:
        return give_up(milter, closing_connection());
    case MILTER_ANSWER_REPLY:
        answer->verdict.text = arena_copy_text(milter->arena, answer->verdict.text);
        return refuse_by(milter, command, (struct milter_decision){ .outcome = MILTER_REFUSE, .verdict = answer->verdict });
    case MILTER_ANSWER_PROGRESS:
    case MILTER_ANSWER_ADD_HEADER:
    case MILTER_ANSWER_INSERT_HEADER:
    case MILTER_ANSWER_CHANGE_HEADER:
    case MILTER_ANSWER_ADD_RECIPIENT:
    case MILTER_ANSWER_DELETE_RECIPIENT:
    case MILTER_ANSWER_CHANGE_SENDER:
    case MILTER_ANSWER_REPLACE_BODY:
    case MILTER_ANSWER_QUARANTINE:
    case MILTER_ANSWER_UNKNOWN:
    case MILTER_ANSWER_SHORT:
    case MILTER_ANSWER_MALFORMED:
        break;
    }
    return unexpected(milter, command, answer);
}

static void start_deadline(struct milter *milter, bool is_content)
{
    const struct milter_settings *settings = milter->settings;

    stream_set_deadline(milter->stream,
        clock_deadline_s(is_content ? settings->content_timeout_s : settings->command_timeout_s));
}

bool milter_is_listening(const struct milter *milter)
{
    return milter->state == STATE_LISTENING;
}

bool milter_is_in_session(const struct milter *milter)
{
    return milter->state == STATE_LISTENING || milter->state == STATE_MESSAGE_OVER;
}

bool milter_wants(const struct milter *milter, uint32_t bit)
{
    return (milter->agreed.protocol & bit) != 0;
}

bool milter_skips_body(const struct milter *milter)
{
    return milter->skipped == MILTER_BODY;
}

void milter_abort(struct milter *milter)
{
    if (milter->stream == NULL)
        return;
    milter->abort_pending = true;
    milter->skipped = 0;
    milter->state = STATE_LISTENING;
}

/* Puts what goes before the command at hand. */
static void put_pending(struct milter *milter)
{
    arena_reset(milter->call);
    milter->skipped = 0;
    if (milter->abort_pending)
        put_command(milter, MILTER_ABORT, NULL, 0);
    milter->abort_pending = false;
}

static bool is_content_event(enum milter_command command)
{
    return command == MILTER_HEADER || command == MILTER_END_OF_HEADER || command == MILTER_BODY || command == MILTER_END_OF_BODY;
}

/* True: the filter isn't asked; *decision is the answer. */
static bool is_decided(struct milter *milter, enum milter_command command, struct milter_decision *decision)
{
    *decision = (struct milter_decision){0};
    switch (milter->state) {
    case STATE_LISTENING:
        return false;
    case STATE_REFUSING:
        *decision = milter->standing;
        return true;
    case STATE_LOST:
        if (is_content_event(command))
            return true;
        warn_of_reading(milter, command, "header", strerror(EPIPE));
        milter->is_content = false;
        *decision = give_up(milter, default_decision(milter));
        return true;
    case STATE_UNCONNECTED:
    case STATE_MESSAGE_OVER:
    case STATE_FINISHED:
        break;
    }
    return true;
}

struct milter_decision milter_event(struct milter *milter, const struct milter_event *event,
    const struct milter_macros *macros)
{
    struct milter_decision decision;
    struct milter_answer answer;

    if (is_decided(milter, event->command, &decision) || milter->version < event->version || milter->skipped == event->command)
        return decision;
    put_pending(milter);
    milter->is_content = event->is_content;
    bool is_unwanted = milter_wants(milter, event->unless);
    if (event->stage != MILTER_STAGES && !(is_unwanted && event->is_content))
        put_macros(milter, event, macros);
    if (is_unwanted) {
        send_output(milter); /* macros are told of events, too, that the filter doesn't hear of */
        return decision;
    }
    put_command(milter, event->command, event->data, event->length);
    start_deadline(milter, event->is_content);
    send_output(milter);
    if (milter_wants(milter, event->mute))
        return decision;
    do {
        start_deadline(milter, event->is_content);
        if (!read_answer(milter, event->command, &answer))
            return lose(milter, default_decision(milter));
    } while (answer.kind == MILTER_ANSWER_PROGRESS);
    return decide(milter, event->command, &answer);
}

/* Takes a change; false: it is none. */
static bool take_change(const struct milter_answer *answer, milter_take_change *take, void *context)
{
    if (milter_answer_needs(answer->kind) == 0)
        return false;
    take(context, answer); /* whether it asked for it or not: filters of Sendmail's days ask for one thing and do another */
    return true;
}

struct milter_decision milter_end(struct milter *milter, const struct milter_macros *macros, milter_take_change *take,
    void *context)
{
    const struct milter_event event = { .command = MILTER_END_OF_BODY, .stage = MILTER_STAGE_END_OF_BODY };
    struct milter_decision decision;
    struct milter_answer answer;

    if (is_decided(milter, MILTER_END_OF_BODY, &decision))
        return decision;
    put_pending(milter);
    milter->is_content = true;
    put_macros(milter, &event, macros);
    put_command(milter, MILTER_END_OF_BODY, NULL, 0);
    start_deadline(milter, true);
    send_output(milter);
    do {
        start_deadline(milter, true);
        if (!read_answer(milter, MILTER_END_OF_BODY, &answer))
            return lose(milter, default_decision(milter));
    } while (answer.kind == MILTER_ANSWER_PROGRESS || take_change(&answer, take, context));
    return decide(milter, MILTER_END_OF_BODY, &answer);
}
