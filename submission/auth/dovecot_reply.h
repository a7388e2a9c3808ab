/* dovecot_reply.h: lines of Dovecot's authentication protocol as a client gets them (Dovecot: Authentication Protocol 1.1). */
#ifndef SUBMISSION_AUTH_DOVECOT_REPLY_H
#define SUBMISSION_AUTH_DOVECOT_REPLY_H
#include <stdbool.h>
#include <stdint.h>

enum dovecot_kind {
    DOVECOT_VERSION,   /* number: major */
    DOVECOT_MECHANISM, /* text: its name; options: SASL_OPTION_* that rule it out */
    DOVECOT_DONE,      /* end of the handshake */
    DOVECOT_OK,        /* number: request; user */
    DOVECOT_FAIL,      /* number: request; user and reason may be NULL */
    DOVECOT_CONTINUE,  /* number: request; text: the challenge in base64 */
    DOVECOT_OTHER,     /* nothing that we need */
};

struct dovecot_reply {
    enum dovecot_kind kind;
    uint64_t number;
    const char *text;
    unsigned options;
    bool is_private;     /* a mechanism that isn't for everybody's eyes */
    const char *user;
    const char *reason;
};

/* Cuts the line up in place (without line end); texts point into it. False: not what the protocol allows. */
bool dovecot_reply_parse(char *line, struct dovecot_reply *reply);
#endif
