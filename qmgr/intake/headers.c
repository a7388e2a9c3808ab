#include "qmgr/intake/headers.h"

#include <string.h>
#include <time.h>

#include "qmgr/intake/mapping.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/address.h"
#include "util/mail/date.h"
#include "util/mail/header.h"

void headers_start(struct intake_message *message)
{
    message->headers_seen = 0;
    message->received_count = 0;
}

static bool has(const struct intake_message *message, enum header_id id)
{
    return message->headers_seen & UINT64_C(1) << id;
}

static bool is_resent(const struct intake_message *message)
{
    return message->headers_seen & UINT64_C(1) << HEADER_COUNT;
}

/* Whether a name stands in message_drop_headers. */
static bool is_dropped(const struct intake_message *message, const char *name, size_t length)
{
    const char *cursor = message->intake->config->message_drop_headers;
    const char *word;
    size_t word_length;

    while (text_next_word(&cursor, TEXT_LIST_SEPARATORS, &word, &word_length)) {
        if (word_length == length && strncasecmp(word, name, length) == 0)
            return true;
    }
    return false;
}

static void log_message_id(const struct intake_message *message, const char *word, const char *value)
{
    while (text_is_space(*value))
        value++;
    size_t length = strlen(value);
    while (length > 0 && text_is_space(value[length - 1]))
        length--;
    log_info("%s: %smessage-id=%.*s", message->queue_id, word, (int)length, value);
}

static void count_received(struct intake_message *message)
{
    if (++message->received_count >= message->intake->config->hopcount_limit && state_is_healthy(message)) {
        log_warning("%s: message rejected: hopcount exceeded", message->queue_id);
        state_fail(message, VERDICT(554, "5.4.0", "Error: too many hops"));
    }
}

static void note_field(struct intake_message *message, const struct header_kind *kind, const char *value)
{
    message->headers_seen |= UINT64_C(1) << kind->id;
    if (kind->flags & HEADER_RESENT)
        message->headers_seen |= UINT64_C(1) << HEADER_COUNT;
    if (kind->id == HEADER_MESSAGE_ID)
        log_message_id(message, "", value);
    else if (kind->id == HEADER_RESENT_MESSAGE_ID)
        log_message_id(message, "resent-", value);
    else if (kind->id == HEADER_RECEIVED)
        count_received(message);
}

void headers_take_field(struct intake_message *message, struct str *field)
{
    size_t value;
    size_t name_length = header_name_length(str_text(field), field->length, &value);

    if (!state_is_healthy(message) || message->discard)
        return;
    if (name_length > 0) {
        const struct header_kind *kind = header_kind_find(field->data, name_length);
        note_field(message, kind, field->data + value);
        if (is_dropped(message, field->data, name_length))
            return;
    }
    writer_put_lines(&message->writer, str_text(field), field->length);
}

static void put_field(struct intake_message *message, const struct str *field)
{
    writer_put_lines(&message->writer, str_text(field), field->length);
}

static void add_message_id(struct intake_message *message, struct str *field)
{
    const char *resent = is_resent(message) ? "Resent-" : "";
    time_t now = (time_t)(message->envelope.arrival_us / 1000000);
    struct tm utc = {0};
    char stamp[32];

    (void)gmtime_r(&now, &utc); /* a date that can't be told leaves zeroes */
    if (strftime(stamp, sizeof(stamp), "%Y%m%d%H%M%S", &utc) == 0)
        stamp[0] = '\0';
    str_printf(field, "%sMessage-Id: <%s.%s@%s>", resent, stamp, message->queue_id, message->intake->config->myhostname);
    put_field(message, field);
    log_info("%s: %smessage-id=%s", message->queue_id, is_resent(message) ? "resent-" : "", strchr(field->data, '<'));
}

static void add_date(struct intake_message *message, struct str *field)
{
    char date[DATE_TEXT_BYTES];

    str_printf(field, "%sDate: %s", is_resent(message) ? "Resent-" : "",
        date_format(message->envelope.arrival_us / 1000000, date));
    put_field(message, field);
}

static void add_from(struct intake_message *message, struct str *field)
{
    str_printf(field, "%sFrom: ", is_resent(message) ? "Resent-" : "");
    if (*message->envelope.sender == '\0')
        str_put(field, "MAILER-DAEMON");
    else
        address_quote(message->envelope.sender, field);
    put_field(message, field);
}

static void add_missing(struct intake_message *message, bool missing, void (*add)(struct intake_message *, struct str *))
{
    struct str field = {0};

    if (missing)
        add(message, &field);
    str_free(&field);
}

static void add_recipients_header(struct intake_message *message, struct str *field)
{
    str_put(field, message->intake->config->undisclosed_recipients_header);
    put_field(message, field);
}

void headers_finish(struct intake_message *message)
{
    const struct config *config = message->intake->config;
    bool resent = is_resent(message);

    if ((message->options & (INTAKE_LOCAL_REWRITE | INTAKE_ADD_MISSING_HEADERS)) || config->always_add_missing_headers
        || *config->remote_header_rewrite_domain != '\0') {
        add_missing(message, !has(message, resent ? HEADER_RESENT_MESSAGE_ID : HEADER_MESSAGE_ID), add_message_id);
        add_missing(message, !has(message, resent ? HEADER_RESENT_DATE : HEADER_DATE), add_date);
        add_missing(message, !has(message, resent ? HEADER_RESENT_FROM : HEADER_FROM), add_from);
    }
    add_missing(message, *config->undisclosed_recipients_header != '\0' && !has(message, HEADER_TO) && !has(message, HEADER_CC),
        add_recipients_header);
    if (!has(message, HEADER_MESSAGE_ID) && resent)
        log_info("%s: message-id=<>", message->queue_id);
}
