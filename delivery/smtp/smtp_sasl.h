/* smtp_sasl.h: logs in to servers that offer AUTH (RFC 4954), by Cyrus SASL's client library. Passwords live only as long as
 * the exchange. */
#ifndef DELIVERY_SMTP_SMTP_SASL_H
#define DELIVERY_SMTP_SMTP_SASL_H
#include "delivery/smtp/smtp_delivery.h"

struct smtp_sasl;

/* Opens tables, loads the library's mechanisms. NULL: smtp_sasl_auth_enable is off. */
struct smtp_sasl *smtp_sasl_open(const struct config *config, bool lmtp);
void smtp_sasl_close(struct smtp_sasl *sasl); /* NULL is allowed */

/* Mechanisms that an EHLO line lists, behind "AUTH " or "AUTH=": those that the filter lets through are remembered. */
void smtp_sasl_take_mechanisms(struct smtp_session *session, const char *list);

/* Logs in, if the server offers it and there is a password for it. False: reported. */
bool smtp_sasl_login(struct smtp_delivery *delivery);
#endif
