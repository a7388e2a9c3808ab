/* report.h: one delivery report as a message (RFC 3464 in RFC 6522 form), written straight into intake. */
#ifndef QMGR_BOUNCE_REPORT_H
#define QMGR_BOUNCE_REPORT_H
#include "qmgr/bounce/template.h"
#include "qmgr/client/agent.h"
#include "qmgr/intake/intake.h"

/* What is reported, to whom. */
struct report {
    const struct template *template;
    const char *sender;         /* envelope sender of the report; "" for reports to senders */
    const char *recipient;      /* who gets it */
    bool to_postmaster;         /* a postmaster's copy: other subject, no text for people */
    bool headers_only;          /* of the original message */
    const char *original_label; /* "Undelivered Message", "Message Headers" ... without " Headers" added */
    int64_t retry_until_s;      /* for delay reports; 0: none */
    bool (*concerns)(const struct agent_target *target); /* which recipients it names */
};

/* Composes and commits it. *queue_id (in the order's arena) names the new message. False: *why tells; nothing was queued. */
bool report_send(const struct config *config, struct intake *intake, struct order *order, const struct report *report,
    const char **queue_id, struct verdict *why);
#endif
