#include "submission/qmqp_session.h"

#include <string.h>
#include <unistd.h>

#include "submission/qmqp_packet.h"
#include "submission/submit.h"
#include "util/base/clock.h"
#include "util/base/text.h"
#include "util/io/stream.h"
#include "util/log/log.h"
#include "util/mail/address.h"
#include "util/mail/date.h"
#include "util/mail/verp.h"
#include "util/net/client_name.h"

enum {
    ENVELOPE_BYTES_MAX = 64 << 20, /* what all recipients of a packet may come to */
    PATIENCE = 10,                 /* a whole packet may take so many times qmqpd_timeout, which is for each part */
};

struct session {
    struct qmqp_service *service;
    const struct config *config;
    struct stream *stream;
    struct arena *arena;
    struct client_name client;
    const char *client_text;
    struct intake_message *message; /* NULL: none, or ended */
    const char *queue_id;
    struct qmqp_packet packet;
    struct str content;
    struct str address;
    const char *recipient;          /* the first */
    size_t recipient_count;
};

/* kind: K for yes, Z for later, D for no. */
static void answer(struct session *session, char kind, const char *text)
{
    if (kind == 'D' && session->config->soft_bounce)
        kind = 'Z';
    if (kind != 'K')
        (void)sleep((unsigned)session->config->qmqpd_error_delay); /* a signal may cut it short */
    stream_set_deadline(session->stream, CLOCK_NEVER); /* for the answer alone */
    stream_printf(session->stream, "%zu:%c%s,", strlen(text) + 1, kind, text);
    (void)stream_flush(session->stream); /* nobody may be listening */
}

static void refuse(struct session *session, char kind, const char *text)
{
    log_warning("%s: %s: %s", session->queue_id, session->client_text, text);
    answer(session, kind, text);
}

/* Something is wrong with the packet or the connection. */
static void break_off(struct session *session, enum qmqp_trouble trouble, const char *what)
{
    const char *text = arena_printf(session->arena, "%s while receiving %s", qmqp_packet_reason(trouble), what);

    log_info("%s: %s: %s", session->queue_id, session->client_text, text);
    if (trouble == QMQP_FORMAT || trouble == QMQP_TOO_LONG)
        answer(session, 'D', text);
}

static bool begin(struct session *session)
{
    const struct intake_begin begin = { .service = "cleanup",
        .options = (uint32_t)INTAKE_LOCAL_REWRITE | INTAKE_ADD_MISSING_HEADERS | submit_override_options(session->config),
        .trace_id = arena_printf(session->arena, "%llx.%lx", (unsigned long long)clock_wall_us(), (long)getpid()),
        .origin = session->client_text, .protocol = "QMQP" };
    const struct {
        const char *name;
        const char *value;
    } attributes[] = {
        { ATTRIBUTE_REWRITE_CONTEXT, "local" },
        { ATTRIBUTE_CLIENT_NAME, session->client.name },
        { ATTRIBUTE_CLIENT_ADDRESS, session->client.address },
        { ATTRIBUTE_CLIENT_PORT, session->client.port },
        { ATTRIBUTE_CLIENT_PROTOCOL, "QMQP" },
        { ATTRIBUTE_CONTENT_FILTER, session->config->content_filter },
    };
    struct verdict why;

    session->message = intake_begin(session->service->intake, &begin, &why);
    if (session->message == NULL) {
        refuse(session, 'Z', why.text);
        return false;
    }
    session->queue_id = arena_copy_text(session->arena, intake_queue_id(session->message));
    log_info("%s: client=%s", session->queue_id, session->client_text);
    for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
        if (*attributes[i].value != '\0')
            intake_attribute(session->message, attributes[i].name, attributes[i].value);
    }
    return true;
}

/* An address has no control characters; QMQP has no quotes. */
static void clean(struct str *address)
{
    for (size_t i = 0; i < address->length; i++) {
        if ((unsigned char)address->data[i] < ' ' || address->data[i] == 127)
            address->data[i] = ' ';
    }
}

/* "list-@host-@[]" asks for a sender address of its own for each recipient: "list-user=their.host@host". */
static void take_verp(struct session *session)
{
    static const char mark[] = "-@[]";
    struct str *sender = &session->address;
    char delimiters[3] = "-=";

    if (!text_ends_with_nocase(str_text(sender), mark))
        return;
    size_t length = sender->length - strlen(mark);
    const char *at = memrchr(sender->data, '@', length);
    if (at == NULL || at == sender->data)
        return;
    delimiters[0] = at[-1];
    if (!verp_delimiters_are_valid(delimiters, session->config->verp_delimiter_filter))
        return;
    size_t local = (size_t)(at - sender->data) - 1;
    char *plain = arena_printf(session->arena, "%.*s%.*s", (int)local, sender->data, (int)(length - local - 1), at);
    str_set(sender, plain);
    intake_attribute(session->message, ATTRIBUTE_VERP, arena_copy_text(session->arena, delimiters));
}

static enum qmqp_trouble take_sender(struct session *session)
{
    enum qmqp_trouble trouble =
        qmqp_packet_take(&session->packet, (uint64_t)session->config->line_length_limit, &session->address);

    if (trouble != QMQP_FINE)
        return trouble;
    clean(&session->address);
    take_verp(session);
    intake_sender(session->message, str_text(&session->address), "", RET_UNSET);
    return QMQP_FINE;
}

static enum qmqp_trouble take_recipient(struct session *session)
{
    enum qmqp_trouble trouble =
        qmqp_packet_take(&session->packet, (uint64_t)session->config->line_length_limit, &session->address);

    if (trouble != QMQP_FINE)
        return trouble;
    clean(&session->address);
    const char *address = str_text(&session->address);
    if (session->recipient_count++ == 0)
        session->recipient = arena_copy_text(session->arena, address);
    intake_recipient(session->message, &(struct recipient){ .address = address, .original = address, .dsn_orcpt = "" });
    return QMQP_FINE;
}

/* False: what is wrong was answered. */
static bool receive(struct session *session)
{
    int64_t size = session->config->message_size_limit;
    uint64_t limit = size > 0 ? (uint64_t)size : INT32_MAX;
    const char *what = "QMQP packet header";

    stream_set_deadline(session->stream, clock_deadline_s(PATIENCE * session->config->qmqpd_timeout));
    enum qmqp_trouble trouble = qmqp_packet_start(&session->packet, session->stream, limit + ENVELOPE_BYTES_MAX);
    if (trouble == QMQP_FINE) {
        what = "message content";
        trouble = qmqp_packet_take(&session->packet, limit, &session->content);
    }
    if (trouble == QMQP_FINE) {
        what = "sender address";
        trouble = take_sender(session);
    }
    while (trouble == QMQP_FINE && !qmqp_packet_is_over(&session->packet)) {
        what = "recipient address";
        trouble = take_recipient(session);
    }
    if (trouble == QMQP_FINE)
        trouble = qmqp_packet_end(&session->packet);
    if (trouble != QMQP_FINE)
        break_off(session, trouble, what);
    return trouble == QMQP_FINE;
}

static void write_received(struct session *session)
{
    const struct config *config = session->config;
    struct arena *arena = session->arena;
    char date[DATE_TEXT_BYTES];
    struct str quoted = {0};

    intake_line(session->message, arena_printf(arena, "Received: from %s (%s [%s])", session->client.name,
        session->client.name, session->client.address));
    (void)date_format(clock_wall_us() / 1000000, date);
    if (session->recipient_count == 1) {
        address_quote(session->recipient, &quoted);
        intake_line(session->message, arena_printf(arena, "\tby %s (%s) with QMQP id %s", config->myhostname,
            config->mail_name, session->queue_id));
        intake_line(session->message, arena_printf(arena, "\tfor <%s>; %s", str_text(&quoted), date));
    } else {
        intake_line(session->message, arena_printf(arena, "\tby %s (%s) with QMQP", config->myhostname, config->mail_name));
        intake_line(session->message, arena_printf(arena, "\tid %s; %s", session->queue_id, date));
    }
    str_free(&quoted);
}

static void write_content(struct session *session)
{
    const char *at = str_text(&session->content);
    const char *end = at + session->content.length;

    while (at < end) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        const char *stop = lf == NULL ? end : lf;
        intake_text(session->message, at, (size_t)(stop - at), true);
        at = stop + 1;
    }
}

/* Intake speaks for SMTP. */
static const char *reason_of(struct session *session, const struct verdict *verdict)
{
    if (text_equal(verdict->text, "Error: message file too big"))
        return "Error: message too large";
    if (text_starts_with(verdict->text, "Error: "))
        return verdict->text;
    return arena_printf(session->arena, "Error: %s %s", verdict->status, verdict->text);
}

static void take_message(struct session *session)
{
    struct verdict verdict;

    if (!begin(session) || !receive(session))
        return;
    if (session->recipient_count == 0) {
        refuse(session, 'D', "Error: no recipients specified");
        return;
    }
    write_received(session);
    write_content(session);
    bool good = intake_end(session->message, &verdict);
    session->message = NULL;
    if (good)
        answer(session, 'K', verdict.text);
    else
        refuse(session, verdict.code < 500 ? 'Z' : 'D', reason_of(session, &verdict));
}

static bool is_listed(const struct session *session, struct match_list *list)
{
    return match_list_client(list, session->client.name, session->client.address) == TABLE_FOUND;
}

void qmqp_session_run(struct qmqp_service *service, int fd, const struct sockaddr *peer, socklen_t length)
{
    const struct config *config = service->config;
    struct session session = { .service = service, .config = config, .arena = arena_new(), .queue_id = "NOQUEUE" };
    int debug_level = log_debug_level();

    session.stream = stream_open(fd);
    stream_set_timeout(session.stream, config->qmqpd_timeout);
    client_name_find(peer, length, true, session.arena, &session.client);
    session.client_text = arena_printf(session.arena, config->qmqpd_client_port_logging ? "%s[%s]:%s" : "%s[%s]",
        session.client.name, session.client.address, session.client.port);
    if (is_listed(&session, service->debug_peers))
        log_set_debug(debug_level + (int)config->debug_peer_level);
    log_info("connect from %s", session.client_text);
    if (is_listed(&session, service->clients))
        take_message(&session);
    else
        answer(&session, 'D',
            arena_printf(session.arena, "Error: %s is not authorized to use this service", session.client_text));
    intake_cancel(session.message);
    log_info("disconnect from %s", session.client_text);
    log_set_debug(debug_level);
    stream_close(session.stream);
    str_free(&session.content);
    str_free(&session.address);
    arena_free(session.arena);
}
