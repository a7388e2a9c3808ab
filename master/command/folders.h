/* folders.h: the folders of the queue and of data_directory: which ones there are, whose they are, and their modes. */
#ifndef MASTER_COMMAND_FOLDERS_H
#define MASTER_COMMAND_FOLDERS_H
#include <stdbool.h>

#include "util/config/config.h"
#include "util/base/str.h"

/* Makes what is missing, with the right owner and mode (as an ordinary user: one's own). False: *why. */
bool folders_make(const struct config *config, struct str *why);
/* Calls warn for each existing one with wrong owner, group or mode; or, with repair set, puts it right. */
bool folders_check(const struct config *config, bool repair, void (*warn)(const char *text), struct str *why);
#endif
