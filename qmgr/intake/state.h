/* state.h: what the files of this room share: a worker's tables, and one message on its way in. */
#ifndef QMGR_INTAKE_STATE_H
#define QMGR_INTAKE_STATE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "qmgr/client/envelope.h"
#include "qmgr/client/message_file.h"
#include "qmgr/intake/options.h"
#include "qmgr/intake/place.h"
#include "qmgr/intake/writer.h"
#include "util/base/arena.h"
#include "util/base/str.h"
#include "util/config/config.h"
#include "util/mail/mime.h"
#include "util/mail/verdict.h"

struct mapping;  /* mapping.h */
struct checks;   /* checks.h */
struct content;  /* content.h */
struct drop_pipe; /* qmgr/client/drop_pipe.h */
struct milter_list;            /* milter/milter_list.h */
struct milter_envelope_change; /* milter/milter_envelope.h */

struct intake {
    const struct config *config;  /* the cleanup service's view */
    const struct config *rewrite; /* the rewrite service's view */
    char *service;                /* who takes in: smtpd, pickup, bounce, local */
    char *log_service;            /* cleanup's lines are logged as: "postfix/cleanup" */
    bool drops;                   /* messages go to postdrop; place, mapping and checks are NULL */
    struct place *place;
    struct mapping *mapping;
    struct checks *checks;
    struct intake_message *free_message; /* one kept, so that buffers and arena are reused */
    struct str reply;                    /* the text of the last verdict */
};

/* A set of addresses that were seen (duplicate elimination); hash table with open addressing, in the message's arena. */
struct seen_recipients {
    const struct recipient **slots;
    size_t size;
    size_t count;
};

/* A BCC action of an access table, or of header and body checks. */
struct wanted_copy {
    const char *address;
    uint32_t notify; /* NOTIFY_* */
    struct wanted_copy *next;
};

struct intake_message {
    struct intake *intake;
    struct arena *arena;
    char queue_id[64];
    int content_fd;
    struct drop_pipe *drop;     /* with intake->drops: to postdrop */
    bool drop_begun;            /* it has the envelope */
    uint32_t options;           /* INTAKE_* */
    const char *service;
    const char *log_service;
    const char *origin;
    const char *helo;
    const char *protocol;
    struct envelope envelope;
    struct seen_recipients seen;
    const char *last_recipient; /* as named, for log lines; NULL: none */
    const char *redirect_to;    /* a REDIRECT action; NULL: none */
    struct wanted_copy *copies; /* BCC actions of access tables, header and body checks, in the arena */
    bool checks_are_over;       /* a PASS action */
    bool discard;               /* a DISCARD action: say yes, keep nothing */
    uint64_t headers_seen;      /* a bit per enum header_id; bit HEADER_COUNT: a Resent- field */
    int64_t received_count;
    struct milter_list *milters; /* of the SMTP session; borrowed; NULL: none */
    struct milter_envelope_change *milter_changes;
    bool keeps_named;           /* filters of mail that didn't come by SMTP are to be shown recipients */
    const char **named;         /* then: recipients as named, rewritten */
    size_t named_count;
    struct verdict failure;     /* code 0: healthy; the first failure stays */
    struct verdict refusal;     /* INTAKE_BOUNCE_REJECTED: why the message is bounced instead; code 0: it isn't */
    bool returns_whole;         /* ... with its content */
    struct writer writer;
    struct message_file file;
    struct content *content;    /* header lines */
    struct mime *mime;          /* NULL: not looked at */
    struct str body_line;       /* a line that is looked at as a whole */
    bool inspects_lines;        /* body lines are */
    bool in_long_line;          /* the last piece ended at line_length_limit */
    bool drops_line;            /* a check dropped the present piece */
    int64_t segment_bytes;      /* of the present part, as body_checks_size_limit counts */
};

/* A copy for that address, to be made when all recipients are known. */
void state_want_copy(struct intake_message *message, const char *address, uint32_t notify);
/* Remembers the first failure; the text is copied. With INTAKE_BOUNCE_REJECTED a permanent one makes a bounce: the message goes on,
 * unchecked. */
void state_fail(struct intake_message *message, struct verdict verdict);
bool state_is_healthy(const struct intake_message *message);
/* Failed, or going to be bounced. */
bool state_is_refused(const struct intake_message *message);
#endif
