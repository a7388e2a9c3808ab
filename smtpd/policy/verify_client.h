/* verify_client.h: asks the verify service; the connection is kept. */
#ifndef SMTPD_POLICY_VERIFY_CLIENT_H
#define SMTPD_POLICY_VERIFY_CLIENT_H
#include <stdbool.h>

#include "qmgr/client/verify_messages.h"
#include "util/base/arena.h"
#include "util/config/config.h"

struct verify_client;

/* Connects to verify(8) when first asked. */
struct verify_client *verify_client_open(const struct config *config);
void verify_client_close(struct verify_client *client); /* NULL is allowed */

/* Waits for address_verify_poll_count and address_verify_poll_delay at most. False: the service is away (logged). *why lives
 * in the arena. */
bool verify_client_ask(struct verify_client *client, const char *address, struct arena *arena, enum verify_state *state,
    const char **why);
#endif
