/* upgrade.h: "posthaste upgrade-configuration": what a master.cf from an older Postfix lacks. */
#ifndef MASTER_COMMAND_UPGRADE_H
#define MASTER_COMMAND_UPGRADE_H
#include "util/base/str.h"
#include "util/config/config.h"

/* Appends an entry for every service that programs of the mail system connect to and that master.cf doesn't have, and logs each. *added is
 * how many. What is there stays as it is. False: *why. */
bool upgrade_services(const struct config *config, size_t *added, struct str *why);
#endif
