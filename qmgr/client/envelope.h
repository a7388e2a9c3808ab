/* envelope.h: the envelope of a message: where it came from, who shall get it, how (RFC 5321, 3461). The same records
 * stand in the queue file (man/queue_file.5) and travel in a commit message; both are read as hostile bytes. */
#ifndef QMGR_CLIENT_ENVELOPE_H
#define QMGR_CLIENT_ENVELOPE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/base/arena.h"
#include "util/base/str.h"

/* RFC 3461 NOTIFY; 0 means not given. */
enum {
    NOTIFY_NEVER = 1,
    NOTIFY_SUCCESS = 2,
    NOTIFY_FAILURE = 4,
    NOTIFY_DELAY = 8,
};

/* RFC 3461 RET. */
enum envelope_ret { RET_UNSET, RET_FULL, RET_HEADERS };

/* What is known of the whole message; bits of struct envelope's flags. */
enum {
    ENVELOPE_HOLD = 1,            /* put it into the hold queue */
    ENVELOPE_8BIT_BODY = 2,       /* the body has bytes above 127 */
    ENVELOPE_LONG_LINES = 4,      /* some line is longer than 998 bytes */
    ENVELOPE_SMTPUTF8 = 8,        /* the sender asked for SMTPUTF8 */
    ENVELOPE_UTF8_HEADER = 16,    /* there is UTF-8 in a message header */
    ENVELOPE_UTF8_ADDRESS = 32,   /* there is UTF-8 in an envelope address */
    ENVELOPE_IS_BOUNCE = 64,      /* made by our bounce service */
    ENVELOPE_VERIFY_ONLY = 128,   /* no content: sendmail -bv, address probes: report, deliver nothing */
    ENVELOPE_TRACE = 256,         /* sendmail -v: deliver, and mail a report of it */
    ENVELOPE_LOCAL = 512,         /* submitted by sendmail or made here (rewrite context local) */
    ENVELOPE_CONTENT_NULL_8 = 1024, /* the client declared BODY=8BITMIME */
    ENVELOPE_CONTENT_7BIT = 2048,   /* the client declared BODY=7BIT */
};

struct recipient {
    const char *address;   /* internal form (unquoted), after rewriting and alias expansion */
    const char *original;  /* as received, internal form; "" when unknown */
    const char *dsn_orcpt; /* ORCPT in its wire form "rfc822;..."; "" when not given */
    uint32_t notify;       /* NOTIFY_* */
    bool done;             /* delivered or bounced already, or expanded */
    bool expanded;         /* an alias that led to others, not yet reported to a sender who wants to know */
    uint64_t offset;       /* file: where its record's done mark stands; 0 in a commit message */
};

struct envelope_attribute {
    const char *name;
    const char *value;
};

/* Everything in it lives in the arena it was decoded or built with. */
struct envelope {
    const char *sender; /* internal form; "" is the null reverse-path */
    const char *envid;  /* RFC 3461 ENVID in xtext, as received; "" when not given */
    enum envelope_ret ret;
    uint32_t flags;
    int64_t arrival_us;  /* microseconds since 1970 */
    uint64_t size_bytes; /* of header and body, with LF line ends, as Postfix counts */
    struct recipient *recipients;
    size_t recipient_count;
    struct envelope_attribute *attributes; /* the names below, and whatever else was sent */
    size_t attribute_count;
};

/* Attribute names that several processes know. Absent means "" or unknown. */
#define ATTRIBUTE_TRACE_ID "trace_id"               /* of the session, born at accept */
#define ATTRIBUTE_CONTENT_FILTER "content_filter"   /* transport:nexthop, overrides routing */
#define ATTRIBUTE_REWRITE_CONTEXT "rewrite_context" /* local or remote */
#define ATTRIBUTE_FULL_NAME "fullname"              /* of the user who submitted it */
#define ATTRIBUTE_CLIENT_NAME "log_client_name"     /* names as in XFORWARD(5) logging */
#define ATTRIBUTE_CLIENT_ADDRESS "log_client_address"
#define ATTRIBUTE_CLIENT_PORT "log_client_port"
#define ATTRIBUTE_CLIENT_HELO "log_helo_name"
#define ATTRIBUTE_CLIENT_PROTOCOL "log_protocol_name"
#define ATTRIBUTE_CLIENT_IDENT "log_ident"          /* the queue id it had elsewhere */
#define ATTRIBUTE_SASL_METHOD "sasl_method"
#define ATTRIBUTE_SASL_USERNAME "sasl_username"
#define ATTRIBUTE_SASL_SENDER "sasl_sender"
#define ATTRIBUTE_ENCODING "encoding"               /* 7bit, 8bit */
#define ATTRIBUTE_VERP "verp_delims"                /* each recipient gets a sender of its own (util/mail/verp.h) */
#define ATTRIBUTE_REDIRECT "redirect_to"
#define ATTRIBUTE_LOG_SERVICE "log_service"         /* intake refused it: the error service logs as this one */

const char *envelope_attribute(const struct envelope *envelope, const char *name); /* "" when absent */

/* Building: texts are copied into the arena. */
struct recipient *envelope_add_recipient(struct envelope *envelope, struct arena *arena,
    const struct recipient *recipient);
void envelope_set_attribute(struct envelope *envelope, struct arena *arena, const char *name, const char *value);

/* Appends the records. Recipients' done marks are written as they are. */
void envelope_encode(const struct envelope *envelope, struct str *out);

/* Reads records; base is the file offset of the first byte (for recipient.offset). False: not an envelope of ours, or
 * one beyond any limit; *why says in which way (constant text). Texts are copied into the arena. */
bool envelope_decode(const void *bytes, size_t length, uint64_t base, struct arena *arena, struct envelope *envelope,
    const char **why);
#endif
