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

/* In a chroot users can't be looked up: from now on unix: tables ask this function, as table_find is asked. Kept in a static
 * of table_simple.c, because tables are opened long before their process confines itself. NULL: they look themselves. */
typedef enum table_result table_simple_ask_users(const char *table, const char *key, struct str *value);
void table_simple_ask_users_by(table_simple_ask_users *ask);
#endif
