/* received.h: the trace header of a message that came by SMTP (RFC 5321 section 4.4), as Postfix words it. */
#ifndef SMTPD_RECEIVED_H
#define SMTPD_RECEIVED_H
struct session;

/* Writes the headers that access tables prepend, then Received, to the transaction's message. */
void received_write(struct session *session);
#endif
