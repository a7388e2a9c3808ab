/* table_memory.h: tables held in memory: inline:{key=value ...}, texthash:/file (read once), internal: (starts empty). */
#ifndef UTIL_TABLE_TABLE_MEMORY_H
#define UTIL_TABLE_TABLE_MEMORY_H
#include "util/table/table_type.h"

extern const struct table_type table_inline;
extern const struct table_type table_texthash;
extern const struct table_type table_internal;
#endif
