/* smtp_client.h: opens what the SMTP or LMTP client process uses for every order (smtp_client_parts.h). */
#ifndef DELIVERY_SMTP_CLIENT_H
#define DELIVERY_SMTP_CLIENT_H
#include "delivery/smtp/smtp_client_parts.h"

/* Reads flags=... from the arguments; opens tables. Ends the process on bad arguments. */
void smtp_client_open(struct smtp_client *client, struct worker *worker, bool lmtp);
void smtp_client_close(struct smtp_client *client);
#endif
