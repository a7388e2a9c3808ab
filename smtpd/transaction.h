/* transaction.h: one mail transaction, from MAIL to the end of the content (RFC 5321 section 3.3). There is one object, and one
 * function that resets it, for every command and every error. */
#ifndef SMTPD_TRANSACTION_H
#define SMTPD_TRANSACTION_H
#include <stdbool.h>
#include <stddef.h>

#include "qmgr/intake/intake.h"
#include "smtpd/framing.h"
#include "smtpd/from_header.h"
#include "smtpd/parameters.h"
#include "smtpd/policy/policy.h"
#include "util/base/arena.h"

struct milter_list;
struct proxy_link;

enum transaction_state {
    TRANSACTION_NONE,
    TRANSACTION_SENDER,     /* MAIL was accepted */
    TRANSACTION_RECIPIENTS, /* so was a RCPT */
    TRANSACTION_CHUNKS,     /* BDAT has begun */
};

/* A header that an access table wants on top. */
struct transaction_header {
    const char *text;
    struct transaction_header *next;
};

/* Whose mail a content filter brings back (XFORWARD). NULL: not told. */
struct transaction_forwarded {
    bool is_set;
    const char *name;
    const char *address;
    const char *port;
    const char *helo;
    const char *protocol;
    const char *ident;
    bool has_source;
    bool is_local;
};

struct transaction {
    struct arena *arena;           /* texts of this transaction */
    struct milter_list *milters;   /* of the session: they are told when a transaction ends; NULL: none */
    enum transaction_state state;
    const char *sender;            /* internal form; NULL before MAIL */
    const char *recipient;         /* the first that was accepted */
    size_t recipient_count;        /* accepted ones */
    size_t overshoot;              /* RCPT commands beyond smtpd_recipient_limit */
    struct mail_parameters parameters;
    struct transaction_forwarded forwarded; /* texts live as long as the connection */
    const char *mail_command;       /* as the client gave it */
    struct intake_message *message; /* NULL until the first recipient */
    struct proxy_link *proxy;     /* takes the message instead; NULL: nobody does */
    struct verdict failure;         /* code 0: fine; BDAT: what the rest is answered with */
    struct framing framing;
    bool too_big;
    bool at_start;                  /* nothing of DATA's content was passed on, or only what mailbox files begin with */
    bool in_mailbox_line;           /* in a line of that kind */
    struct from_header from_header; /* for from_check */
    /* what access tables asked for, handed to intake with the message */
    bool hold;
    bool discard;
    const char *filter;
    const char *redirect;
    struct transaction_header *headers;
    struct transaction_header *bcc;
};

void transaction_start(struct transaction *transaction); /* once per connection */
/* Forgets everything and gives up a message that wasn't ended. */
void transaction_reset(struct transaction *transaction);
void transaction_stop(struct transaction *transaction);

/* A copy in the transaction's arena, put at the end of the list. */
void transaction_add_text(struct transaction *transaction, struct transaction_header **list, const char *text);

/* Content on its way to the queue file, or to the filter that takes the message: a piece of a line, as for intake_text. */
void transaction_text(struct transaction *transaction, const char *bytes, size_t length, bool line_end);
/* A whole line. */
void transaction_line(struct transaction *transaction, const char *line);
#endif
