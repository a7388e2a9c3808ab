/* supervisor.h: puts a configuration into force: services come, change and go. */
#ifndef MASTER_SUPERVISOR_H
#define MASTER_SUPERVISOR_H
#include <stdbool.h>

#include "master/supervisor_state.h"
#include "util/base/str.h"

/* Reads the configuration and starts the services: all sockets are open when it returns. False: *why; nothing has changed
 * then, so that a reload with a bad configuration leaves the old one running. */
bool supervisor_load(struct supervisor *supervisor, struct str *why);
/* Opens and closes the life pipe: workers of the old generation finish, new ones get the new pipe. */
void supervisor_renew_life(struct supervisor *supervisor);
#endif
