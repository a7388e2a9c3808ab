/* table_simple.h: types without a file of their own: static:text, fail:, environ:, unix:passwd.byname and group.byname,
 * randmap:{a, b}. */
#ifndef UTIL_TABLE_TABLE_SIMPLE_H
#define UTIL_TABLE_TABLE_SIMPLE_H
#include "util/table/table_type.h"

extern const struct table_type table_static;
extern const struct table_type table_fail;
extern const struct table_type table_environ;
extern const struct table_type table_unix;
extern const struct table_type table_randmap;
#endif
