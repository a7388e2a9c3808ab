/* header.h: message header fields (RFC 5322 section 3.6): where the name ends, what kind of field it is. A field is its text
 * with LF between its lines ("Subject: a\n b"), without a last one. */
#ifndef UTIL_MAIL_HEADER_H
#define UTIL_MAIL_HEADER_H
#include <stdbool.h>
#include <stddef.h>

enum {
    HEADER_SENDER = 1,     /* holds sender addresses (rewriting classes) */
    HEADER_RECIPIENT = 2,  /* holds recipient addresses */
    HEADER_RESENT = 4,     /* belongs to a Resent- block */
    HEADER_EXTRACT = 8,    /* sendmail -t sends to its addresses */
    HEADER_MIME = 16,      /* RFC 2045: Content-*, MIME-Version */
};

enum header_id {
    HEADER_OTHER,
    HEADER_APPARENTLY_TO, HEADER_BCC, HEADER_CC, HEADER_CONTENT_DESCRIPTION, HEADER_CONTENT_DISPOSITION, HEADER_CONTENT_ID,
    HEADER_CONTENT_LENGTH, HEADER_CONTENT_TRANSFER_ENCODING, HEADER_CONTENT_TYPE, HEADER_DATE, HEADER_DELIVERED_TO,
    HEADER_DISPOSITION_NOTIFICATION_TO, HEADER_ERRORS_TO, HEADER_FROM, HEADER_MAIL_FOLLOWUP_TO, HEADER_MESSAGE_ID,
    HEADER_MIME_VERSION, HEADER_RECEIVED, HEADER_REPLY_TO, HEADER_RESENT_BCC, HEADER_RESENT_CC, HEADER_RESENT_DATE,
    HEADER_RESENT_FROM, HEADER_RESENT_MESSAGE_ID, HEADER_RESENT_REPLY_TO, HEADER_RESENT_SENDER, HEADER_RESENT_TO,
    HEADER_RETURN_PATH, HEADER_RETURN_RECEIPT_TO, HEADER_SENDER_FIELD, HEADER_SUBJECT, HEADER_TO,
    HEADER_COUNT,
};

struct header_kind {
    enum header_id id;
    const char *name;
    unsigned flags; /* HEADER_* */
};

/* The length of the field's name if the text begins like a field: a name of printable characters, maybe blanks, a colon
 * (*value: behind the colon). 0 if not. */
size_t header_name_length(const char *text, size_t length, size_t *value);
/* Whether more text may still make it a field: only name characters so far. */
bool header_may_begin(const char *text, size_t length);
/* What is known of a name (case doesn't matter); never NULL: HEADER_OTHER without flags. */
const struct header_kind *header_kind_find(const char *name, size_t length);
#endif
