/* access_key.h: addresses as access tables and mail filters are asked about them. */
#ifndef SMTPD_POLICY_ACCESS_KEY_H
#define SMTPD_POLICY_ACCESS_KEY_H
#include "qmgr/route/route.h"
#include "util/base/arena.h"
#include "util/config/config.h"

/* The address that mail would go to: with a domain, quoted as in a message, in lower case. In the arena. */
const char *access_key_address(const struct config *config, const struct route *route, struct arena *arena);
#endif
