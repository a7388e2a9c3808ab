/* table_db.h: hash: and btree: tables, Berkeley DB files NAME.db that Postfix can read and wrote. */
#ifndef UTIL_TABLE_TABLE_DB_H
#define UTIL_TABLE_TABLE_DB_H
#include "util/table/table_type.h"

extern const struct table_type table_hash;
extern const struct table_type table_btree;
#endif
