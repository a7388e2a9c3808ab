/* intake.h: takes in one message at a time: what Postfix's cleanup(8) does, inside the worker that has the message. Addresses
 * are rewritten and expanded, header and body checked, missing headers added, limits applied; the queue file is written
 * front to back once; intake_end returns only when content and name survive a power cut and the queue manager owns it. */
#ifndef QMGR_INTAKE_INTAKE_H
#define QMGR_INTAKE_INTAKE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "qmgr/client/envelope.h"
#include "qmgr/intake/options.h"
#include "util/config/config.h"
#include "util/mail/verdict.h"

struct intake;         /* per worker: tables and the connection to the queue manager */
struct intake_message; /* one message being taken in */

struct intake_begin {
    const char *service;     /* for the log tag of cleanup's lines: normally "cleanup" */
    uint32_t options;        /* INTAKE_* */
    uint32_t envelope_flags; /* ENVELOPE_* known at the start */
    const char *trace_id;
    const char *origin;      /* for log lines of header checks and rejects: "unknown[192.0.2.1]", "local", "internal" */
    const char *helo;        /* for the same; NULL when unknown */
    const char *protocol;    /* "ESMTP", "SMTP" or NULL */
};

/* cleanup: the configuration as the cleanup service (cleanup_service_name) of master.cf sees it; rewrite likewise.
 * socket_path: private/intake. Tables are opened at once; the connection when needed. */
struct intake *intake_open(const struct config *cleanup, const struct config *rewrite, const char *socket_path,
    const char *service);
/* For whoever has no rights on the queue: messages are handed to postdrop as they come, and rewritten, checked and refused when
 * they are picked up. SIGPIPE must be ignored. */
struct intake *intake_open_drop(const struct config *config, const char *service);
void intake_close(struct intake *intake);
bool intake_tables_have_changed(struct intake *intake);
/* Asks the queue manager for a place ahead of need, so that the next intake_begin doesn't wait. Never blocks for long. */
void intake_prefetch(struct intake *intake);

/* Asks for delivery, now, of what waits for that domain (ETRN). False: the queue manager is away. */
bool intake_flush_site(struct intake *intake, const char *site);

/* Gets a place for a message. NULL: *why is a 4xx (queue full, queue manager away). The message is freed by intake_end or
 * intake_cancel. */
struct intake_message *intake_begin(struct intake *intake, const struct intake_begin *begin, struct verdict *why);
const char *intake_queue_id(const struct intake_message *message);

/* Envelope, before the content. Internal form. The sender is rewritten (canonical maps, masquerading) here. */
void intake_sender(struct intake_message *message, const char *sender, const char *envid, enum envelope_ret ret);
void intake_attribute(struct intake_message *message, const char *name, const char *value); /* ATTRIBUTE_* */
/* recipient->address as named by the client, original likewise (or ""). Rewriting, virtual alias expansion, BCC happen here. A
 * failed look-up or an expansion limit is remembered and becomes the verdict at the end. */
void intake_recipient(struct intake_message *message, const struct recipient *recipient);

/* What an access table of the SMTP server wants done, any time before intake_end: put it on hold; say yes and keep nothing; send
 * it to that address instead of its recipients; send a copy there, too (notify: NOTIFY_* for its reports, 0: the usual ones). */
void intake_hold(struct intake_message *message);
void intake_discard(struct intake_message *message);
void intake_redirect(struct intake_message *message, const char *address);
void intake_bcc(struct intake_message *message, const char *address, uint32_t notify);

/* The filters of the SMTP session see the content at intake_end. Borrowed until then. */
struct milter_list;
void intake_milters(struct intake_message *message, struct milter_list *milters);

/* Content, in order, header first, then (after an empty line) the body. A piece of a line, without its line end; line_end says
 * that the line ends here. Anything but CR LF NUL rules of message_strip_characters is taken as it is. */
void intake_text(struct intake_message *message, const char *bytes, size_t length, bool line_end);
/* Shorthand: one whole line. */
void intake_line(struct intake_message *message, const char *line);

/* Whether going on makes sense (false after a size limit, disk full, reject by a check): the caller still reads the rest from its
 * peer and throws it away. */
bool intake_is_healthy(const struct intake_message *message);
/* Whether what was kept of it, and so many bytes besides, are more than message_size_limit. Of a refused message nothing is
 * kept. */
bool intake_is_oversized(const struct intake_message *message, uint64_t besides);

/* End of content: commits. True: 250, *verdict has the text "Ok: queued as ID" (or of a DISCARD); it is on disk. False:
 * *verdict is the 4xx or 5xx for the client; nothing was left behind. Frees the message. verdict->text lives until the next
 * intake_begin. */
bool intake_end(struct intake_message *message, struct verdict *verdict);
/* Gives up (client went away, RSET). Frees the message; NULL is allowed. */
void intake_cancel(struct intake_message *message);
#endif
