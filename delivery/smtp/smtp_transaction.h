/* smtp_transaction.h: one message over one session: MAIL, RCPT, DATA (pipelined where the server can), content, and what
 * became of each recipient (RFC 5321 section 3.3, RFC 2920, RFC 2033, RFC 3461). */
#ifndef DELIVERY_SMTP_TRANSACTION_H
#define DELIVERY_SMTP_TRANSACTION_H
#include "delivery/smtp/smtp_delivery.h"

/* Sends the order's message to the recipients that are left. reset: the session was used before and begins with RSET;
 * if that fails nothing is reported and *stale is set. keep: the session shall stay open. Afterwards it was
 * kept in delivery->session, or ended (QUIT) and delivery->session is NULL. */
void smtp_transaction_run(struct smtp_delivery *delivery, bool reset, bool keep, bool *stale);
#endif
