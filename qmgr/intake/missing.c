#include "qmgr/intake/missing.h"

#include <string.h>
#include <time.h>

#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/address.h"
#include "util/mail/date.h"
#include "util/mail/header.h"

static void put_field(struct intake_message *message, struct str *field)
{
    writer_put_lines(&message->writer, str_text(field), field->length);
    str_clear(field);
}

static void add_message_id(struct intake_message *message, const char *resent, struct str *field)
{
    time_t now = (time_t)(message->envelope.arrival_us / 1000000);
    struct tm utc = {0};
    char stamp[32];

    (void)gmtime_r(&now, &utc); /* a date that can't be told leaves zeroes */
    if (strftime(stamp, sizeof(stamp), "%Y%m%d%H%M%S", &utc) == 0)
        stamp[0] = '\0';
    str_printf(field, "%sMessage-Id: <%s.%s@%s>", resent, stamp, message->queue_id, message->intake->config->myhostname);
    log_info("%s: %smessage-id=%s", message->queue_id, *resent ? "resent-" : "", strchr(field->data, '<'));
    put_field(message, field);
}

static void add_date(struct intake_message *message, const char *resent, struct str *field)
{
    char date[DATE_TEXT_BYTES];

    str_printf(field, "%sDate: %s", resent, date_format(message->envelope.arrival_us / 1000000, date));
    put_field(message, field);
}

/* A full name needs no quotes if it is words of atom characters (8-bit ones count as such). */
static bool is_plain_phrase(const char *name)
{
    return name[strcspn(name, "()<>@,;:\\\".[]%!")] == '\0';
}

static void put_quoted(struct str *out, const char *name)
{
    str_put_char(out, '"');
    for (; *name != '\0'; name++) {
        if (*name == '"' || *name == '\\')
            str_put_char(out, '\\');
        str_put_char(out, *name);
    }
    str_put_char(out, '"');
}

/* A comment whose parentheses don't balance would swallow the rest. */
static void put_comment(struct str *out, const char *name)
{
    int depth = 0;
    bool balanced = true;

    for (const char *at = name; *at != '\0'; at++) {
        depth += *at == '(' ? 1 : *at == ')' ? -1 : 0;
        balanced = balanced && depth >= 0;
    }
    str_put(out, " (");
    for (; *name != '\0'; name++) {
        if (*name == '\\' || ((depth != 0 || !balanced) && (*name == '(' || *name == ')')))
            str_put_char(out, '\\');
        str_put_char(out, *name);
    }
    str_put_char(out, ')');
}

static void put_sender(const struct intake_message *message, struct str *out)
{
    if (*message->envelope.sender == '\0')
        str_put(out, "MAILER-DAEMON");
    else
        address_quote(message->envelope.sender, out);
}

static void add_from(struct intake_message *message, const char *resent, struct str *field)
{
    const char *name = envelope_attribute(&message->envelope, ATTRIBUTE_FULL_NAME);

    str_printf(field, "%sFrom: ", resent);
    if (*name == '\0' || *message->envelope.sender == '\0') {
        put_sender(message, field);
    } else if (text_equal_nocase(message->intake->config->header_from_format, "obsolete")) {
        put_sender(message, field);
        put_comment(field, name);
    } else {
        if (is_plain_phrase(name))
            str_put(field, name);
        else
            put_quoted(field, name);
        str_put(field, " <");
        put_sender(message, field);
        str_put_char(field, '>');
    }
    /* The name came from outside: it must not begin another field. */
    for (size_t i = 0; i < field->length; i++) {
        if (field->data[i] == '\n' || field->data[i] == '\r')
            field->data[i] = ' ';
    }
    put_field(message, field);
}

static bool has(const struct intake_message *message, enum header_id id)
{
    return message->headers_seen & UINT64_C(1) << id;
}

static bool wants_missing(const struct intake_message *message)
{
    return (message->options & (INTAKE_LOCAL_REWRITE | INTAKE_ADD_MISSING_HEADERS))
        || message->intake->config->always_add_missing_headers
        || *message->intake->rewrite->remote_header_rewrite_domain != '\0';
}

void missing_add(struct intake_message *message)
{
    const struct config *config = message->intake->config;
    bool is_resent = has(message, HEADER_COUNT);
    const char *resent = is_resent ? "Resent-" : "";
    struct str field = {0};

    if (wants_missing(message)) {
        if (!has(message, is_resent ? HEADER_RESENT_MESSAGE_ID : HEADER_MESSAGE_ID))
            add_message_id(message, resent, &field);
        if (!has(message, is_resent ? HEADER_RESENT_DATE : HEADER_DATE))
            add_date(message, resent, &field);
        if (!has(message, is_resent ? HEADER_RESENT_FROM : HEADER_FROM))
            add_from(message, resent, &field);
        bool has_recipients = is_resent ? has(message, HEADER_RESENT_TO) || has(message, HEADER_RESENT_CC)
                                        : has(message, HEADER_TO) || has(message, HEADER_CC);
        if (*config->undisclosed_recipients_header != '\0' && !has_recipients) {
            str_put(&field, config->undisclosed_recipients_header);
            put_field(message, &field);
        }
    }
    if (!has(message, HEADER_MESSAGE_ID) && (is_resent || !wants_missing(message)))
        log_info("%s: message-id=<>", message->queue_id);
    str_free(&field);
}
