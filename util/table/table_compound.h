/* table_compound.h: tables made of tables: pipemap:{a:b, c:d} (each result is the key for the next) and unionmap:{...} (all
 * results, joined by commas). */
#ifndef UTIL_TABLE_TABLE_COMPOUND_H
#define UTIL_TABLE_TABLE_COMPOUND_H
#include "util/table/table_type.h"

extern const struct table_type table_pipemap;
extern const struct table_type table_unionmap;
#endif
