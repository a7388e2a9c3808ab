/* smtp_connect.h: a connection to one address, from the address that smtp_bind_address says. */
#ifndef DELIVERY_SMTP_CONNECT_H
#define DELIVERY_SMTP_CONNECT_H
#include "delivery/smtp/smtp_client.h"

/* A connected socket, or -1 and *why: the words of the system's error ("Connection refused"). */
int smtp_connect_host(const struct smtp_client *client, const struct smtp_host *host, const char **why);
int smtp_connect_unix(const struct smtp_client *client, const char *path, const char **why);
#endif
