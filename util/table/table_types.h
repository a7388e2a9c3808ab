/* table_types.h: the registry of table types: those built in, then modules posthaste-TYPE.so in shlib_directory. */
#ifndef UTIL_TABLE_TABLE_TYPES_H
#define UTIL_TABLE_TABLE_TYPES_H
#include "util/table/table_type.h"

/* NULL: not supported here. config may be NULL (no modules then). A loaded module stays for the life of the process. */
const struct table_type *table_types_find(const struct config *config, const char *type);

/* All names in alphabetical order, one by one, for postconf -m: built in and modules that are installed. */
void table_types_list(const struct config *config, void (*each)(void *context, const char *name), void *context);
#endif
