/* table_folders.h: the folders of the tables that a configuration names. They stay readable for the path filter, so that a table
 * that was rebuilt can be opened again. */
#ifndef MASTER_WORKER_TABLE_FOLDERS_H
#define MASTER_WORKER_TABLE_FOLDERS_H
#include "util/config/config.h"

/* Calls found with the folder of each "type:/path" in what main.cf and the service's -o set. The text lives for the call. */
void table_folders_each(const struct config *config, void (*found)(void *context, const char *folder), void *context);
#endif
