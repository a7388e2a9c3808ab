/* dialogue.h: postscreen's own SMTP engine, which never takes mail: it runs the tests after the greeting, and tells clients
 * that failed one why (POSTSCREEN_README). */
#ifndef SMTPD_SCREEN_DIALOGUE_H
#define SMTPD_SCREEN_DIALOGUE_H
#include "smtpd/screen/visitor.h"

/* Greets and goes on from the loop until the connection ends. */
void dialogue_start(struct visitor *visitor);
void dialogue_free(struct dialogue *dialogue); /* NULL is allowed */

/* For what takes its time (dialogue_tls.c): nothing is read until dialogue_go_on, which may end the visit. The time limit of the
 * command before holds on. */
void dialogue_pause(struct dialogue *dialogue);
void dialogue_go_on(struct dialogue *dialogue);
/* Nothing that was said in plain text counts any more (RFC 3207 section 4.2). */
void dialogue_forget(struct dialogue *dialogue);

struct dialogue_tls;

/* For the commands (dialogue_command.c). */
struct dialogue {
    struct visitor *visitor;
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
    bool is_paused;
    struct dialogue_tls *tls; /* STARTTLS under way, or NULL */
    struct str helo;
    struct str sender;
};
#endif
