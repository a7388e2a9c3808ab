/* table_socketmap.h: socketmap: tables, asked over TCP or a Unix socket (socketmap_table(5)): "inet:host:port:name" or
 * "unix:path:name". */
#ifndef UTIL_TABLE_TABLE_SOCKETMAP_H
#define UTIL_TABLE_TABLE_SOCKETMAP_H
#include "util/table/table_type.h"

extern const struct table_type table_socketmap;
#endif
