/* table_pcre.h: pcre: tables, Perl-compatible regular expressions (pcre_table(5), pcre2pattern(3)). */
#ifndef UTIL_TABLE_TABLE_PCRE_H
#define UTIL_TABLE_TABLE_PCRE_H
#include "util/table/table_type.h"

extern const struct table_type table_pcre;
#endif
