/* dialogue_state.h: where a client stands in the dialogue with postscreen's own SMTP engine: what its parts share. */
#ifndef SMTPD_SCREEN_DIALOGUE_STATE_H
#define SMTPD_SCREEN_DIALOGUE_STATE_H
#include "smtpd/screen/visitor.h"

struct dialogue_tls;

struct dialogue {
    struct visitor *visitor;
    /* After a pause: reads on, which may end the visit. */
    void (*go_on)(struct dialogue *dialogue);
    struct str input;
    size_t taken;          /* so much of it has been used */
    const char *where;     /* the command before, for log lines */
    int64_t command_count;
    unsigned tests;        /* bits: those that are still watched for */
    bool has_greeted;      /* HELO or EHLO */
    bool extended;
    bool has_recipient_command; /* RCPT: whoever gets so far without a mistake has passed */
    bool has_sender;
    bool is_encrypted;
    unsigned withheld; /* KEYWORD_*, since EHLO */
    bool is_paused;        /* nothing is read until go_on; the time limit of the command before holds on */
    struct dialogue_tls *tls; /* STARTTLS under way, or NULL */
    struct str helo;
    struct str sender;
};
#endif
