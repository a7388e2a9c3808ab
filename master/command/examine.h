/* examine.h: what "posthaste check" and "start" look at; each finding is one line in the log. */
#ifndef MASTER_COMMAND_EXAMINE_H
#define MASTER_COMMAND_EXAMINE_H
#include <stdbool.h>

#include "util/base/str.h"
#include "util/config/config.h"

/* Ends the process with one line that names file and line, if master.cf can't be read, or if it or main.cf has a value that
 * a program would refuse. */
void examine_master_cf(const struct config *config);
/* The same for main.cf alone, from which not even a configuration could be made: returns if it finds nothing. */
void examine_main_cf(void);
/* Ends the process likewise if maillog_file can't be used. */
void examine_log_file(const struct config *config);
/* Names that nobody knows, and parameters without effect. False: some value can't be used at all. */
bool examine_names(const struct config *config);
/* Files that others could change. */
void examine_permissions(const struct config *config);
/* Whether some service of master.cf runs in a chroot. */
bool examine_wants_chroot(const struct config *config);
/* Users that should exist. */
void examine_users(const struct config *config);
/* Gives postdrop and postqueue the setgid bit. False: *why. */
bool examine_setgid_programs(const struct config *config, struct str *why);
#endif
