/* reply.h: the one place that answers the client. */
#ifndef SMTPD_REPLY_H
#define SMTPD_REPLY_H
#include "util/mail/verdict.h"

struct session;

/* Puts "250 2.1.0 Ok" into the output (sent when the session waits for input next); a text of several lines becomes a reply of
 * several lines. A client that makes many errors waits. soft_bounce and smtpd_reject_footer are applied. */
void reply_put(struct session *session, struct verdict verdict);
/* And sends it now. */
void reply_send(struct session *session, struct verdict verdict);
#endif
