/* examine_table_files.h: whether the tables that main.cf and master.cf name can be opened. */
#ifndef MASTER_COMMAND_EXAMINE_TABLE_FILES_H
#define MASTER_COMMAND_EXAMINE_TABLE_FILES_H
#include <stdbool.h>

#include "util/config/config.h"

/* Each that can't is a warning in the log and a line on standard error that names file, line and parameter; false then.
 * Tables behind other servers aren't asked. */
bool examine_table_files(const struct config *config);
#endif
