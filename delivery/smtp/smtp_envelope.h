/* smtp_envelope.h: MAIL FROM and RCPT TO with the parameters that the server understands (RFC 1870, 6152, 3461, 6531). */
#ifndef DELIVERY_SMTP_ENVELOPE_H
#define DELIVERY_SMTP_ENVELOPE_H
#include "delivery/smtp/smtp_delivery.h"

/* Whether the server wants 7-bit text, and the message may have to be changed for that. */
bool smtp_envelope_is_encoded(const struct smtp_delivery *delivery);

/* Sets the addresses that the server will see. False: a table failed. */
bool smtp_envelope_map(struct smtp_delivery *delivery);

/* Puts the commands; they are sent with the next wait for a reply. */
void smtp_envelope_put_mail(struct smtp_delivery *delivery);
void smtp_envelope_put_recipient(struct smtp_delivery *delivery, const struct agent_target *target);

/* Whether the server takes this message at all: size, SMTPUTF8. False: that was reported, and the session is over. */
bool smtp_envelope_fits(struct smtp_delivery *delivery);
#endif
