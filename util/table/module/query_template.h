/* query_template.h: what the tables that ask a database server have in common: their own parameter files, %s in query and
 * result_format, and the domain list (sqlite_table(5), mysql_table(5), pgsql_table(5), ldap_table(5)). */
#ifndef UTIL_TABLE_MODULE_QUERY_TEMPLATE_H
#define UTIL_TABLE_MODULE_QUERY_TEMPLATE_H
#include <stdbool.h>

#include "util/base/arena.h"
#include "util/table/match_list.h"
#include "util/table/table_type.h"

struct query_settings;

/* A file of "name = value" lines, or (a name that begins with neither / nor .) parameters NAME_value of main.cf.
 * False: *request->why. */
bool query_settings_read(struct arena *arena, const struct table_request *request, struct query_settings **settings);
/* The value, or otherwise. Lives as long as the arena. */
const char *query_settings_get(const struct query_settings *settings, const char *name, const char *otherwise);

/* How a text goes into a query: appended to *out, quoted. */
typedef void query_quote(void *context, const char *text, struct str *out);

/* Fills in a template: %s %u %d are of value, %S %U %D %1..%9 of key. NULL quote: as it is. False: the template asks for a
 * part that isn't there: nothing is to be asked (or this result is skipped). */
bool query_template_fill(const char *template, const char *value, const char *key, query_quote *quote, void *context,
    struct str *out);

/* Whether the key is to be looked up at all: with a domain list, only user@domain in one of its domains. */
enum table_result query_template_wanted(struct match_list *domains, const char *key);

/* Appends one result, formatted, to what is in *value already; *count counts. False: limit (0: none) exceeded. */
bool query_template_add(const char *format, const char *result, const char *key, int64_t limit, int64_t *count,
    struct str *value);
#endif
