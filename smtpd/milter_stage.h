/* milter_stage.h: what the SMTP server tells its mail filters at each command, and what the client is told of their answers. */
#ifndef SMTPD_MILTER_STAGE_H
#define SMTPD_MILTER_STAGE_H
#include "util/mail/verdict.h"

struct session;

/* Connects to the filters that smtpd_milters or smtpd_milter_maps give this client, and tells them of it. code 0: greet it. */
struct verdict milter_stage_connect(struct session *session);
void milter_stage_stop(struct session *session);

/* After our own rules agreed. What is said about HELO the client hears at MAIL. */
/* code 421: the filter wants this connection to end. */
struct verdict milter_stage_helo(struct session *session, const char *name);
/* code 0: go on. word: the address as written; rest: the parameters behind it. */
struct verdict milter_stage_mail(struct session *session, const char *word, const char *rest);
struct verdict milter_stage_rcpt(struct session *session, const char *word, const char *rest, const char *recipient);
/* Our own rules refused it. */
void milter_stage_refused_rcpt(struct session *session, const char *word, const char *rest, const struct verdict *refusal);
struct verdict milter_stage_data(struct session *session);
struct verdict milter_stage_unknown(struct session *session, const char *verb);

/* Lets the filters see the message's content when it is complete. */
void milter_stage_content(struct session *session);
/* What was said before doesn't count any more (a second HELO, STARTTLS, XCLIENT). */
void milter_stage_forget(struct session *session);
#endif
