/* table_cidr.h: cidr: tables, networks in the order they were written (cidr_table(5)). */
#ifndef UTIL_TABLE_TABLE_CIDR_H
#define UTIL_TABLE_TABLE_CIDR_H
#include "util/table/table_type.h"

extern const struct table_type table_cidr;
#endif
