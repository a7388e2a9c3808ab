/* log_file.h: maillog_file, for commands that log while postlogd may not run, and its rotation. */
#ifndef UTIL_TOOL_LOG_FILE_H
#define UTIL_TOOL_LOG_FILE_H
#include <stdbool.h>

#include "util/base/str.h"
#include "util/config/config.h"

/* Whether it is set, but to a name that maillog_file_prefixes doesn't allow: nothing would be logged. */
bool log_file_is_refused(const struct config *config);
/* Where maillog_file is set: logs through postlogd or, while that doesn't run, into the file itself. */
void log_file_use(const struct config *config);
/* Opens maillog_file for appending ("/dev/stdout": our standard output). -1: *why. The name must begin with one of
 * maillog_file_prefixes. */
int log_file_open(const struct config *config, struct str *why);
/* Gives the file a name with a time stamp (*path). postlogd goes on writing to it until it is told to open a new one; after
 * that it can be compressed. False: *why. */
bool log_file_rotate(const struct config *config, struct str *path, struct str *why);
bool log_file_compress(const struct config *config, const char *path, struct str *why);
#endif
