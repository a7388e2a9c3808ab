#include "qmgr/intake/milter/milter_content.h"

#include <errno.h>
#include <string.h>

#include "qmgr/intake/checks.h"
#include "qmgr/intake/milter/milter_apply.h"
#include "qmgr/intake/milter/milter_envelope.h"
#include "qmgr/intake/milter/milter_fields.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/address.h"

enum { CHANGES_MAX = 100000 }; /* of one filter and message: more is a filter gone wild */

struct header_change {
    enum milter_answer_kind kind;
    uint32_t index;
    const char *name;
    const char *value;
    struct header_change *next;
};

/* What one filter asks for, until its last word makes it count. */
struct changes {
    struct intake_message *message;
    struct arena *arena;
    struct header_change *headers;
    struct header_change **last_header;
    struct milter_envelope_change *envelope;
    struct milter_envelope_change **last_envelope;
    size_t count;
    bool quarantine;
    bool replaces_body;
    struct message_extent body;
    bool held_cr;
    unsigned char seen; /* what the writer had counted before the new body */
};

struct run {
    struct intake_message *message;
    struct milter *milter;
    const struct milter_macros *macros;
    struct milter_fields fields;
    bool fields_changed;
    uint64_t body_bytes; /* as "size=" counts */
    struct str block;    /* outgoing */
};

/* --- showing the message --- */

static struct milter_decision show_field(struct run *run, const struct milter_field *field)
{
    struct milter_event event = { .command = MILTER_HEADER, .stage = MILTER_STAGE_END_OF_HEADER,
        .unless = MILTER_NO_HEADERS, .mute = MILTER_MUTE_HEADER, .is_content = true };
    const char *value = field->text + field->value;

    if (*value == ' ' && !milter_wants(run->milter, MILTER_KEEPS_BLANK))
        value++;
    str_clear(&run->block);
    str_put_bytes(&run->block, field->text, field->name_length);
    str_put_char(&run->block, '\0');
    milter_wire_text(&run->block, value);
    event.data = str_text(&run->block);
    event.length = run->block.length;
    return milter_event(run->milter, &event, run->macros);
}

static struct milter_decision show_block(struct run *run)
{
    const struct milter_event event = { .command = MILTER_BODY, .stage = MILTER_STAGE_END_OF_BODY,
        .unless = MILTER_NO_BODY, .mute = MILTER_MUTE_BODY, .is_content = true, .data = str_text(&run->block),
        .length = run->block.length };

    return milter_event(run->milter, &event, run->macros);
}

static bool goes_on(const struct run *run, const struct milter_decision *decision)
{
    return decision->outcome == MILTER_GO_ON && milter_is_listening(run->milter);
}

/* Blocks of the body with single dots. */
static struct milter_decision show_body(struct run *run)
{
    struct message_extent body = run->message->file.body;
    struct milter_decision decision = {0};
    bool line_start = true;
    char buffer[16384];

    str_clear(&run->block);
    for (uint64_t at = 0; at < body.length && goes_on(run, &decision) && !milter_skips_body(run->milter);) {
        size_t length = body.length - at < sizeof(buffer) ? (size_t)(body.length - at) : sizeof(buffer);
        if (!writer_read(&run->message->writer, body.offset + at, buffer, length))
            break; /* the writer's error fails the message */
        for (size_t i = 0; i < length && goes_on(run, &decision); i++) {
            bool is_stuffing = line_start && buffer[i] == '.';
            line_start = buffer[i] == '\n';
            if (!is_stuffing)
                str_put_char(&run->block, buffer[i]);
            if (run->block.length < MILTER_BODY_BYTES)
                continue;
            decision = show_block(run);
            str_clear(&run->block);
        }
        at += length;
    }
    if (run->block.length > 0 && goes_on(run, &decision) && !milter_skips_body(run->milter))
        decision = show_block(run);
    return decision;
}

static struct milter_decision show_message(struct run *run)
{
    const struct milter_event end_of_header = { .command = MILTER_END_OF_HEADER, .stage = MILTER_STAGE_END_OF_HEADER,
        .unless = MILTER_NO_END_OF_HEADER, .mute = MILTER_MUTE_END_OF_HEADER, .is_content = true };
    struct milter_decision decision = {0};

    if (!milter_wants(run->milter, MILTER_NO_HEADERS)) {
        for (size_t i = 0; i < run->fields.count && goes_on(run, &decision); i++) {
            if (!run->fields.items[i].is_own)
                decision = show_field(run, &run->fields.items[i]);
        }
    }
    if (decision.outcome == MILTER_GO_ON)
        decision = milter_event(run->milter, &end_of_header, run->macros);
    if (decision.outcome == MILTER_GO_ON && !milter_wants(run->milter, MILTER_NO_BODY))
        decision = show_body(run);
    return decision;
}

/* --- collecting changes --- */

static void add_header_change(struct changes *changes, const struct milter_answer *answer)
{
    struct header_change *change = arena_allocate(changes->arena, sizeof(*change));

    *change = (struct header_change){ answer->kind, answer->index, arena_copy_text(changes->arena, answer->name),
        arena_copy_text(changes->arena, answer->text), NULL };
    *changes->last_header = change;
    changes->last_header = &change->next;
}

/* The end of the address at the start of the text: behind its '>', or at a blank; quoted ones don't count. */
static size_t address_end(const char *text)
{
    bool in_brackets = text[0] == '<';
    bool quoted = false;

    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] == '\\' && text[i + 1] != '\0')
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && in_brackets && text[i] == '>')
            return i + 1;
        else if (!quoted && !in_brackets && text_is_space(text[i]))
            return i;
    }
    return strlen(text);
}

/* "<a@b>" or "a@b" in internal form; of several addresses the first. */
static const char *parse_address(struct changes *changes, const char *text, const char *several)
{
    struct str internal = {0};
    struct arena *arena = changes->arena;
    const char *start = text + strspn(text, " \t");
    size_t length = address_end(start);

    if (start[length + strspn(start + length, " \t")] != '\0')
        log_warning("%s: %s: \"%.200s\"", changes->message->queue_id, several, text);
    if (length >= 2 && start[0] == '<' && start[length - 1] == '>') {
        start++;
        length -= 2;
    }
    const char *bare = arena_copy_bytes(arena, start, length);
    if (!address_unquote(bare, &internal))
        str_set(&internal, bare);
    const char *kept = arena_copy_text(arena, str_text(&internal));
    str_free(&internal);
    return kept;
}

static void add_envelope_change(struct changes *changes, const struct milter_answer *answer)
{
    bool is_sender = answer->kind == MILTER_ANSWER_CHANGE_SENDER;
    const char *address = parse_address(changes, answer->name,
        is_sender ? "Milter request to add multi-sender" : "Milter or header/body_checks request to add multi-recipient");

    if (answer->kind == MILTER_ANSWER_ADD_RECIPIENT && *address == '\0') {
        log_warning("%s: ignoring attempt from Milter to add null recipient", changes->message->queue_id);
        return;
    }
    struct milter_envelope_change *change = arena_allocate(changes->arena, sizeof(*change));
    *change = (struct milter_envelope_change){ .kind = answer->kind, .address = address,
        .parameters = arena_copy_text(changes->arena, answer->text) };
    *changes->last_envelope = change;
    changes->last_envelope = &change->next;
}

/* The new body goes to the file as it comes; only its extent waits for the filter's last word. */
static void add_body(struct changes *changes, const char *bytes, size_t length)
{
    struct writer *writer = &changes->message->writer;

    if (!changes->replaces_body) {
        changes->replaces_body = true;
        changes->body.offset = writer_offset(writer);
        changes->seen = writer->seen;
        writer->seen = 0;
        writer->text_bytes = 0;
    }
    while (length > 0) {
        const char *lf = memchr(bytes, '\n', length);
        size_t line = lf == NULL ? length : (size_t)(lf - bytes);
        size_t used = lf == NULL ? line : line + 1;
        if (changes->held_cr && bytes[0] != '\n')
            writer_put(writer, " ", 1, false); /* a CR within a line: somebody would take it for a line end */
        changes->held_cr = line > 0 && bytes[line - 1] == '\r';
        line -= changes->held_cr;
        for (size_t at = 0; at < line || lf != NULL;) {
            const char *cr = memchr(bytes + at, '\r', line - at);
            size_t piece = cr == NULL ? line - at : (size_t)(cr - bytes) - at;
            writer_put(writer, bytes + at, piece, cr == NULL && lf != NULL);
            if (cr == NULL)
                break;
            writer_put(writer, " ", 1, false);
            at += piece + 1;
        }
        if (lf != NULL)
            changes->held_cr = false;
        bytes += used;
        length -= used;
    }
}

static void take_change(void *context, const struct milter_answer *answer)
{
    struct changes *changes = context;
    int64_t limit = changes->message->intake->config->message_size_limit;

    if (++changes->count > CHANGES_MAX || !state_is_healthy(changes->message))
        return;
    switch (answer->kind) {
    case MILTER_ANSWER_ADD_HEADER:
    case MILTER_ANSWER_INSERT_HEADER:
    case MILTER_ANSWER_CHANGE_HEADER:
        add_header_change(changes, answer);
        break;
    case MILTER_ANSWER_ADD_RECIPIENT:
    case MILTER_ANSWER_DELETE_RECIPIENT:
    case MILTER_ANSWER_CHANGE_SENDER:
        add_envelope_change(changes, answer);
        break;
    case MILTER_ANSWER_REPLACE_BODY:
        add_body(changes, answer->bytes, answer->length);
        if (limit > 0 && changes->message->writer.text_bytes > (uint64_t)limit)
            state_fail(changes->message, VERDICT(552, "5.3.4", "Error: message file too big"));
        break;
    case MILTER_ANSWER_QUARANTINE:
        changes->quarantine = true;
        break;
    case MILTER_ANSWER_CONTINUE:
    case MILTER_ANSWER_ACCEPT:
    case MILTER_ANSWER_REJECT:
    case MILTER_ANSWER_TEMPFAIL:
    case MILTER_ANSWER_DISCARD:
    case MILTER_ANSWER_REPLY:
    case MILTER_ANSWER_SKIP:
    case MILTER_ANSWER_PROGRESS:
    case MILTER_ANSWER_SHUTDOWN:
    case MILTER_ANSWER_UNKNOWN:
    case MILTER_ANSWER_SHORT:
    case MILTER_ANSWER_MALFORMED:
        break;
    }
}

/* --- making changes --- */

/* milter_header_checks: *text may be changed. False: the field isn't wanted. */
static bool check_field(struct run *run, struct str *text)
{
    struct str before = {0};
    bool keep = checks_run(run->message, CHECKS_MILTER_HEADER, text, &before);

    str_free(&before);
    return keep;
}

static void change_header(struct run *run, const struct header_change *change)
{
    struct milter_fields *fields = &run->fields;
    bool keeps_blank = milter_wants(run->milter, MILTER_KEEPS_BLANK);
    struct str text = {0};
    size_t at = 0;

    run->fields_changed = true;
    if (change->kind == MILTER_ANSWER_CHANGE_HEADER)
        at = milter_fields_find(fields, change->name, change->index);
    if (change->kind == MILTER_ANSWER_CHANGE_HEADER && *change->value == '\0') {
        if (at < fields->count)
            milter_fields_replace(fields, at, NULL);
    } else if (!milter_fields_format(change->name, change->value, keeps_blank, &text)) {
        log_warning("%s: milter asks for a header field with a bad name: %.100s", run->message->queue_id, change->name);
    } else if (check_field(run, &text)) {
        if (change->kind == MILTER_ANSWER_INSERT_HEADER)
            milter_fields_insert(fields, change->index, str_text(&text));
        else if (change->kind == MILTER_ANSWER_CHANGE_HEADER && at < fields->count)
            milter_fields_replace(fields, at, str_text(&text));
        else
            milter_fields_add(fields, str_text(&text));
    }
    str_free(&text);
}

static void finish_body(struct run *run, struct changes *changes)
{
    struct writer *writer = &run->message->writer;

    if (changes->held_cr)
        writer_put(writer, " ", 1, false);
    if (writer->line_is_open)
        writer_put(writer, "", 0, true);
    changes->body.length = writer_offset(writer) - changes->body.offset;
    run->message->file.body = changes->body;
    run->message->file.has_body = run->message->file.has_body || changes->body.length > 0;
    run->body_bytes = writer->text_bytes;
}

static void make_changes(struct run *run, struct changes *changes)
{
    struct milter_envelope_change **last = &run->message->milter_changes;

    for (const struct header_change *each = changes->headers; each != NULL; each = each->next)
        change_header(run, each);
    if (changes->replaces_body)
        finish_body(run, changes);
    while (*last != NULL)
        last = &(*last)->next;
    *last = changes->envelope;
    if (changes->quarantine)
        milter_apply_hold(run->message, "END-OF-MESSAGE");
}

/* What a filter failed to confirm lies in the file behind everything else, where nothing points to it. */
static void forget_body(struct run *run, const struct changes *changes)
{
    struct writer *writer = &run->message->writer;

    if (!changes->replaces_body)
        return;
    if (writer->line_is_open)
        writer_put(writer, "", 0, true);
    writer->seen = changes->seen;
}

static struct milter_decision end_message(struct run *run)
{
    struct changes changes = { .message = run->message, .arena = run->message->arena };

    changes.last_header = &changes.headers;
    changes.last_envelope = &changes.envelope;
    struct milter_decision decision = milter_end(run->milter, run->macros, take_change, &changes);
    if (milter_is_in_session(run->milter) && decision.outcome != MILTER_REFUSE && decision.outcome != MILTER_DISCARD)
        make_changes(run, &changes);
    else
        forget_body(run, &changes);
    return decision;
}

/* --- the message as a whole --- */

static bool load_fields(struct run *run)
{
    struct message_extent head = run->message->file.head;
    struct str block = {0};

    str_reserve(&block, head.length);
    bool good = head.length == 0 || writer_read(&run->message->writer, head.offset, block.data, head.length);
    if (good && head.length > 0)
        milter_fields_parse(&run->fields, block.data, head.length, run->message->queue_id);
    str_free(&block);
    return good;
}

static uint64_t head_bytes(const struct run *run)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < run->fields.count; i++)
        sum += strlen(run->fields.items[i].text) + 1;
    return sum;
}

static void store_fields(struct run *run)
{
    struct writer *writer = &run->message->writer;
    unsigned char seen = writer->seen; /* it is about the body */

    if (!run->fields_changed)
        return;
    run->message->file.head.offset = writer_offset(writer);
    for (size_t i = 0; i < run->fields.count; i++)
        writer_put_lines(writer, run->fields.items[i].text, strlen(run->fields.items[i].text));
    run->message->file.head.length = writer_offset(writer) - run->message->file.head.offset;
    writer->seen = seen;
}

void milter_content_run(struct intake_message *message, struct milter_list *list)
{
    struct run run = { .message = message, .macros = milter_list_macros(list), .fields = { .arena = message->arena } };
    bool go_on = true;

    if (!load_fields(&run))
        return; /* the writer's error fails the message */
    run.body_bytes = message->writer.text_bytes - head_bytes(&run) - message->file.has_body;
    for (size_t i = 0; go_on && state_is_healthy(message) && (run.milter = milter_list_get(list, i)) != NULL; i++) {
        struct milter_decision decision = show_message(&run);
        if (decision.outcome == MILTER_GO_ON)
            decision = end_message(&run);
        go_on = milter_apply(message, "END-OF-MESSAGE", &decision) && !message->discard;
    }
    store_fields(&run);
    message->writer.text_bytes = head_bytes(&run) + message->file.has_body + run.body_bytes;
    str_free(&run.block);
}
