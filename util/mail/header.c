#include "util/mail/header.h"

#include <string.h>
#include <strings.h>

#include "util/base/memory.h"

/* Sorted by name. Resent-Reply-To counts as a recipient field, as in Postfix. */
static const struct header_kind kinds[] = {
    { HEADER_APPARENTLY_TO, "apparently-to", HEADER_RECIPIENT },
    { HEADER_BCC, "bcc", HEADER_RECIPIENT | HEADER_EXTRACT },
    { HEADER_CC, "cc", HEADER_RECIPIENT | HEADER_EXTRACT },
    { HEADER_CONTENT_DESCRIPTION, "content-description", HEADER_MIME },
    { HEADER_CONTENT_DISPOSITION, "content-disposition", HEADER_MIME },
    { HEADER_CONTENT_ID, "content-id", HEADER_MIME },
    { HEADER_CONTENT_LENGTH, "content-length", 0 },
    { HEADER_CONTENT_TRANSFER_ENCODING, "content-transfer-encoding", HEADER_MIME },
    { HEADER_CONTENT_TYPE, "content-type", HEADER_MIME },
    { HEADER_DATE, "date", 0 },
    { HEADER_DELIVERED_TO, "delivered-to", 0 },
    { HEADER_DISPOSITION_NOTIFICATION_TO, "disposition-notification-to", HEADER_SENDER },
    { HEADER_ERRORS_TO, "errors-to", HEADER_SENDER },
    { HEADER_FROM, "from", HEADER_SENDER },
    { HEADER_MAIL_FOLLOWUP_TO, "mail-followup-to", HEADER_SENDER },
    { HEADER_MESSAGE_ID, "message-id", 0 },
    { HEADER_MIME_VERSION, "mime-version", HEADER_MIME },
    { HEADER_RECEIVED, "received", 0 },
    { HEADER_REPLY_TO, "reply-to", HEADER_SENDER },
    { HEADER_RESENT_BCC, "resent-bcc", HEADER_RECIPIENT | HEADER_EXTRACT | HEADER_RESENT },
    { HEADER_RESENT_CC, "resent-cc", HEADER_RECIPIENT | HEADER_EXTRACT | HEADER_RESENT },
    { HEADER_RESENT_DATE, "resent-date", HEADER_RESENT },
    { HEADER_RESENT_FROM, "resent-from", HEADER_SENDER | HEADER_RESENT },
    { HEADER_RESENT_MESSAGE_ID, "resent-message-id", HEADER_RESENT },
    { HEADER_RESENT_REPLY_TO, "resent-reply-to", HEADER_RECIPIENT | HEADER_RESENT },
    { HEADER_RESENT_SENDER, "resent-sender", HEADER_SENDER | HEADER_RESENT },
    { HEADER_RESENT_TO, "resent-to", HEADER_RECIPIENT | HEADER_EXTRACT | HEADER_RESENT },
    { HEADER_RETURN_PATH, "return-path", HEADER_SENDER },
    { HEADER_RETURN_RECEIPT_TO, "return-receipt-to", HEADER_SENDER },
    { HEADER_SENDER_FIELD, "sender", HEADER_SENDER },
    { HEADER_SUBJECT, "subject", 0 },
    { HEADER_TO, "to", HEADER_RECIPIENT | HEADER_EXTRACT },
};

static bool is_name_char(char c)
{
    return c > ' ' && c < 127 && c != ':';
}

static size_t name_run(const char *text, size_t length)
{
    size_t count = 0;

    while (count < length && is_name_char(text[count]))
        count++;
    return count;
}

size_t header_name_length(const char *text, size_t length, size_t *value)
{
    size_t name = name_run(text, length);
    size_t at = name;

    while (at < length && (text[at] == ' ' || text[at] == '\t'))
        at++;
    if (name == 0 || at == length || text[at] != ':')
        return 0;
    *value = at + 1;
    return name;
}

bool header_may_begin(const char *text, size_t length)
{
    size_t at = name_run(text, length);

    while (at > 0 && at < length && (text[at] == ' ' || text[at] == '\t'))
        at++;
    return at == length;
}

const struct header_kind *header_kind_find(const char *name, size_t length)
{
    static const struct header_kind other = { HEADER_OTHER, "", 0 };
    size_t low = 0;
    size_t high = COUNT_OF(kinds);

    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct header_kind *kind = &kinds[middle];
        int order = strncasecmp(name, kind->name, length);
        if (order == 0)
            order = kind->name[length] == '\0' ? 0 : -1;
        if (order == 0)
            return kind;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return &other;
}
