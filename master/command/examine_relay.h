/* examine_relay.h: whether strangers could send mail to anywhere through one of the services (open_relay_action). */
#ifndef MASTER_COMMAND_EXAMINE_RELAY_H
#define MASTER_COMMAND_EXAMINE_RELAY_H
#include <stdbool.h>

#include "util/config/config.h"

/* Each finding is a warning in the log and a line on standard error. False: there is an open relay, and
 * it isn't allowed. */
bool examine_relay(const struct config *config);
/* The same for what restrictions, policy servers, DNS lists, filters and postscreen's access list would stumble over. False: there
 * is some flaw. */
bool examine_relay_flaws(const struct config *config);
#endif
