/* dialogue.h: postscreen's own SMTP engine, which never takes mail: it runs the tests after the greeting, and tells clients
 * that failed one why (POSTSCREEN_README). */
#ifndef SMTPD_SCREEN_DIALOGUE_H
#define SMTPD_SCREEN_DIALOGUE_H
#include "smtpd/screen/visitor.h"

/* Greets and goes on from the loop until the connection ends. */
void dialogue_start(struct visitor *visitor);
void dialogue_free(struct dialogue *dialogue); /* NULL is allowed */

/* STARTTLS: hands the client's connection to tlsproxy and goes on with what that decrypts. */
void dialogue_start_tls(struct dialogue *dialogue);

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
    struct dial *dial;     /* to tlsproxy: nothing is read meanwhile */
    struct str helo;
    struct str sender;
};
#endif
