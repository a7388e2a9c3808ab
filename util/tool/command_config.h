/* command_config.h: the configuration of a command that people run (sendmail, postdrop, postqueue, postsuper ...): which folder,
 * whether they may choose it (alternate_config_directories), and its log. */
#ifndef UTIL_TOOL_COMMAND_CONFIG_H
#define UTIL_TOOL_COMMAND_CONFIG_H
#include "util/config/config.h"

/* Starts the log as program ("sendmail"; warnings and errors also on standard error), and loads the configuration.
 * directory: from -c or -C (a path of main.cf itself is taken for its folder), NULL for MAIL_CONFIG or the built-in one. A set-gid
 * program that somebody other than root runs refuses a folder that the default main.cf doesn't list. Ends the process with one
 * line and exit_status when anything is wrong. */
const struct config *command_config_load(const char *directory, const char *program, int exit_status);
#endif
