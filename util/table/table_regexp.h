/* table_regexp.h: regexp: tables, POSIX extended regular expressions (regexp_table(5), regex(7)). */
#ifndef UTIL_TABLE_TABLE_REGEXP_H
#define UTIL_TABLE_TABLE_REGEXP_H
#include "util/table/table_type.h"

extern const struct table_type table_regexp;
#endif
