/* table_tcp.h: tcp: tables, asked line by line over TCP (tcp_table(5)): "host:port". */
#ifndef UTIL_TABLE_TABLE_TCP_H
#define UTIL_TABLE_TABLE_TCP_H
#include "util/table/table_type.h"

extern const struct table_type table_tcp;
#endif
