/* examine_services.h: whether what main.cf and master.cf count on is there: programs, and services that deliver mail. */
#ifndef MASTER_COMMAND_EXAMINE_SERVICES_H
#define MASTER_COMMAND_EXAMINE_SERVICES_H
#include "util/config/config.h"

/* A line in the log and on standard error for each program that doesn't exist, and for each transport that a parameter names
 * and that neither is in master.cf nor has a socket in private/. */
void examine_services(const struct config *config);
#endif
