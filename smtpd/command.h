/* command.h: SMTP commands: one constant table says who handles a verb and when it is allowed. Handlers return what to answer. */
#ifndef SMTPD_COMMAND_H
#define SMTPD_COMMAND_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/str.h"
#include "util/mail/verdict.h"

struct session;
struct command_counts;

/* Where a session stands; a set of bits in the table. */
enum {
    PHASE_SILENT = 1,      /* no HELO yet, and smtpd_helo_required */
    PHASE_GREETED = 2,
    PHASE_SENDER = 4,      /* MAIL was accepted */
    PHASE_RECIPIENTS = 8,  /* RCPT, too */
    PHASE_CHUNKS = 16,     /* BDAT has begun */
    PHASE_LONE_CHUNKS = 32, /* ... without MAIL */
};

/* Runs one command line. */
struct verdict command_run(struct session *session, const char *line);
/* Appends " ehlo=1 mail=1 rcpt=0/1 ... commands=2/3". */
void command_put_counts(const struct command_counts *counts, struct str *out);

/* The handlers, in smtpd/command/. arguments: behind the verb, blanks skipped, blanks at the end taken away. */
struct verdict command_helo(struct session *session, const char *arguments);
struct verdict command_ehlo(struct session *session, const char *arguments);
struct verdict command_auth(struct session *session, const char *arguments);
struct verdict command_mail(struct session *session, const char *arguments);
struct verdict command_rcpt(struct session *session, const char *arguments);
struct verdict command_data(struct session *session, const char *arguments);
struct verdict command_bdat(struct session *session, const char *arguments);
/* It is refused with that verdict, whatever it says: takes its bytes away. code 0: the connection broke off. */
struct verdict command_bdat_skip(struct session *session, const char *arguments, struct verdict verdict);
struct verdict command_starttls(struct session *session, const char *arguments);
struct verdict command_rset(struct session *session, const char *arguments);
struct verdict command_noop(struct session *session, const char *arguments);
struct verdict command_vrfy(struct session *session, const char *arguments);
struct verdict command_etrn(struct session *session, const char *arguments);
struct verdict command_quit(struct session *session, const char *arguments);
struct verdict command_xclient(struct session *session, const char *arguments);
struct verdict command_xforward(struct session *session, const char *arguments);
#endif
