/* rehearsal.h: a client, the commands that it would send, and what policy says about each. Nothing is
 * sent or changed. */
#ifndef SMTPD_REHEARSE_REHEARSAL_H
#define SMTPD_REHEARSE_REHEARSAL_H
#include "smtpd/rehearse/trace.h"
#include "smtpd/rehearse/view.h"

struct rehearsal {
    struct view *view;
    struct arena *arena;       /* borrowed */
    struct client_name client;
    const char *helo;          /* NULL: none is sent */
    const char *sender;        /* internal form */
    const char *login;         /* NULL: nobody */
    bool encrypted;
    size_t recipient_count;    /* accepted so far */
    const char *recipient;     /* the first of them */
    /* of the latest step */
    struct policy_deferrals deferrals;
    struct trace trace;        /* may_ask and context are the caller's to set */
    struct policy_result result;
};

/* What the command would get; result and trace tell why. code 0: policy has nothing against it. recipient: RCPT's. */
struct verdict rehearsal_step(struct rehearsal *rehearsal, enum policy_stage stage, const char *recipient);
#endif
