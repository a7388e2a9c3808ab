/* table.h: a look-up table "type:name". Each type is one file and one row in table_types.c. A look-up has three
 * outcomes; a failed one is never taken for an absent one. */
#ifndef UTIL_TABLE_TABLE_H
#define UTIL_TABLE_TABLE_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/str.h"
#include "util/config/config.h"

enum table_result { TABLE_FOUND, TABLE_ABSENT, TABLE_FAILED };

struct table;

enum {
    TABLE_FOLD = 1,          /* keys are folded to lower case (not for regexp and pcre, which say it themselves) */
    TABLE_NO_SUBSTITUTION = 2, /* $1 in a regexp or pcre result would take in data from outside: refuse */
    TABLE_UTF8 = 4,          /* smtputf8: keys are UTF-8 and are folded as such */
    TABLE_SUBSTRING_KEYS = 8, /* keys will be parts of addresses: regexp-like tables are asked only for whole ones by the caller */
};

/* Always returns a table. One that can't be opened is logged at once ("error: open database ...") and fails every look-up
 * with a warning that names it, as in Postfix. */
struct table *table_open(const struct config *config, const char *type_name, unsigned flags);
void table_close(struct table *table); /* NULL is allowed */
const char *table_name(const struct table *table); /* "hash:/etc/aliases" */
/* regexp, pcre, cidr, static ...: a pattern table must not be asked for parts of a key (user, @domain). */
bool table_is_fixed(const struct table *table);
/* Whether asking it can wait (network, SQL): such a table is not asked inside qmgr. */
bool table_may_wait(const struct table *table);

/* Puts the value (replacing *value). TABLE_FAILED: *value holds a short reason. */
enum table_result table_find(struct table *table, const char *key, struct str *value);

/* Whether the file behind it changed since it was opened; daemons then end after the present client and start anew. */
bool table_has_changed(struct table *table);
#endif
