/* smtp_handshake.h: from the greeting to the point where MAIL may be sent: EHLO, HELO or LHLO, what the server can do. */
#ifndef DELIVERY_SMTP_HANDSHAKE_H
#define DELIVERY_SMTP_HANDSHAKE_H
#include "delivery/smtp/smtp_delivery.h"

/* False: the server is of no use for this order; that was reported. */
bool smtp_handshake_run(struct smtp_delivery *delivery);

/* XFORWARD, for this message. False as above. */
bool smtp_handshake_xforward(struct smtp_delivery *delivery);
#endif
