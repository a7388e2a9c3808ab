/* table.h: a look-up table "type:name" (DATABASE_README). Each type is one file and one row in table_types.c. A look-up has
 * three outcomes; a failed one is never taken for an absent one. */
#ifndef UTIL_TABLE_TABLE_H
#define UTIL_TABLE_TABLE_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/str.h"
#include "util/config/config.h"
#include "util/table/table_result.h"

struct table;

/* Always returns a table. One that can't be opened is logged at once ("error: open database ...") and fails every look-up
 * with a warning that names it, as in Postfix. */
struct table *table_open(const struct config *config, const char *type_name, unsigned flags);
void table_close(struct table *table); /* NULL is allowed */
const char *table_name(const struct table *table); /* "hash:/etc/aliases" */
/* The same with the name of the file in which the data are: "hash:/etc/aliases.db". */
const char *table_data_name(const struct table *table);
/* NULL: it is available. */
const char *table_why_unavailable(const struct table *table);
/* True for hash, inline and the like, which may be asked for parts of a key (user, @domain); false for regexp, pcre, cidr ...,
 * whose patterns must see whole keys only. */
bool table_is_fixed(const struct table *table);
/* Whether asking it can wait (network, SQL): such a table is not asked inside qmgr. */
bool table_may_wait(const struct table *table);

/* Puts the value (replacing *value). TABLE_FAILED: *value holds a short reason, or nothing where a warning was logged. */
enum table_result table_find(struct table *table, const char *key, struct str *value);

/* Changes, for tables opened with TABLE_WRITE. The key is folded as for table_find. */
enum table_put_result table_put(struct table *table, const char *key, const char *value, bool replace, struct str *why);
enum table_result table_remove(struct table *table, const char *key, struct str *why);
/* All entries in the order of the table: first starts over. TABLE_ABSENT: no more. TABLE_FAILED: *value says why. */
enum table_result table_next(struct table *table, bool first, struct str *key, struct str *value);
bool table_can_list(const struct table *table);
/* From now on keys are put as they are: not folded, without a zero byte (the YP_ entries of alias tables). */
void table_set_plain(struct table *table);
/* Writes out what is in memory; with TABLE_EMPTY the new content replaces the old one only now, and nothing
 * but table_close may follow. */
bool table_commit(struct table *table, struct str *why);

/* Whether the file behind it changed since it was opened; daemons then end after the present client and start anew. */
bool table_has_changed(struct table *table);
#endif
