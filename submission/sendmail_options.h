/* sendmail_options.h: the command line of sendmail, mailq and newaliases (sendmail(1)). */
#ifndef SUBMISSION_SENDMAIL_OPTIONS_H
#define SUBMISSION_SENDMAIL_OPTIONS_H
#include <stdbool.h>
#include <stdint.h>

#include "qmgr/client/envelope.h"

enum sendmail_mode {
    SENDMAIL_SUBMIT,  /* -bm, -bv: a message on standard input */
    SENDMAIL_SESSION, /* -bs: SMTP on standard input */
    SENDMAIL_DAEMON,  /* -bd, -bl */
    SENDMAIL_ALIASES, /* -bi, -I, newaliases */
    SENDMAIL_MAILQ,   /* -bp, mailq */
    SENDMAIL_FLUSH,   /* -q, -qI, -qR */
    SENDMAIL_IGNORE,  /* -q15m: a daemon's interval, nothing to do */
};

struct sendmail_options {
    const char *program;        /* the name we were called by */
    enum sendmail_mode mode;
    const char *directory;      /* -C; NULL: default */
    const char *sender;         /* -f, -r; NULL: the user */
    const char *full_name;      /* -F, NAME; NULL: from the password file */
    const char *envid;          /* -V, in xtext; "" */
    const char *encoding;       /* -B: "8bit", "7bit" or "" */
    const char *verp;           /* -XV: delimiters, "" for the default ones; NULL: no */
    const char *flush_id;       /* -qI */
    const char *flush_site;     /* -qR */
    const char *alias_database; /* -oA; NULL */
    enum envelope_ret ret;      /* -R */
    uint32_t notify;            /* -N */
    uint32_t flags;             /* ENVELOPE_VERIFY_ONLY, ENVELOPE_TRACE */
    bool extract;               /* -t */
    bool dot_is_text;           /* -i, -oi */
    bool gateway;               /* -G */
    int verbose;                /* -v given so many times */
    char **recipients;          /* the rest of the arguments */
    int recipient_count;
};

/* Ends the process with one line for what isn't understood (exit status 75). program: the name it was called by. */
void sendmail_options_parse(struct sendmail_options *options, int argc, char **argv, const char *program);
#endif
