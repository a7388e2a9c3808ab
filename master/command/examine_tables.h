/* examine_tables.h: which look-ups of the queue manager would wait for a server. */
#ifndef MASTER_COMMAND_EXAMINE_TABLES_H
#define MASTER_COMMAND_EXAMINE_TABLES_H
#include "util/config/config.h"

/* Warns, in the log and on standard error, of each such table: while its server is slow, all deliveries wait. */
void examine_tables(const struct config *config);
#endif
