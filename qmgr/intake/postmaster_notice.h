/* postmaster_notice.h: the transcript of a session in which something went wrong, as mail for error_notice_recipient
 * (postconf(5), notify_classes). */
#ifndef QMGR_INTAKE_POSTMASTER_NOTICE_H
#define QMGR_INTAKE_POSTMASTER_NOTICE_H
#include "qmgr/intake/intake.h"

struct postmaster_notice {
    const char *program;    /* "SMTP server" */
    const char *peer;       /* "client.example[192.0.2.1]" */
    const char *opening;    /* a sentence in front of the transcript; NULL: none */
    const char *transcript; /* lines, each ended by LF, "In:  ..." and "Out: ..." */
    const char *aborted;    /* why the session ended before its end: "lost connection"; NULL: it didn't */
    const char *trace_id;
};

/* False: *why; nothing was queued. queue_id (may be NULL) is set to the notice's, as long as the intake is; "" on failure. */
bool postmaster_notice_send(struct intake *intake, const struct config *config, const struct postmaster_notice *notice,
    struct str *queue_id, struct verdict *why);

/* INTAKE_* for mail of our own making of a class of internal_mail_filter_classes ("bounce", "notify"). */
uint32_t postmaster_notice_options(const struct config *config, const char *class);
#endif
