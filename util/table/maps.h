/* maps.h: an ordered list of tables, as most *_maps parameters are: "hash:/a, pcre:/b". The first that has the key wins; a
 * failure of an earlier table ends the search (a later table's answer could be wrong); an empty value is such a failure (but see
 * TABLE_EMPTY_VALUES). */
#ifndef UTIL_TABLE_MAPS_H
#define UTIL_TABLE_MAPS_H
#include "util/table/table.h"

struct maps;

/* title: the parameter's name, for log lines. An empty list is fine: everything is absent. */
struct maps *maps_open(const struct config *config, const char *title, const char *list, unsigned flags);
const char *maps_title(const struct maps *maps); /* borrowed */
void maps_close(struct maps *maps);
bool maps_is_empty(const struct maps *maps);
bool maps_may_wait(const struct maps *maps);
bool maps_have_changed(struct maps *maps);

/* *table (may be NULL) tells which table answered or failed: "hash:/etc/aliases". */
enum table_result maps_find(struct maps *maps, const char *key, struct str *value, const char **table);
/* For a series of look-ups of one address in all its forms, down to the bare user: the system's users (unix:passwd.byname) are
 * asked for that one first. If it exists they aren't asked for forms with a domain, and if not, not for it again: services
 * behind nsswitch.conf look in dozens of places for a name that doesn't exist. user is borrowed until it is NULL, which ends
 * the series. */
void maps_expect_user(struct maps *maps, const char *user);
/* Only tables that take parts of keys (fixed ones). */
enum table_result maps_find_fixed(struct maps *maps, const char *key, struct str *value, const char **table);
#endif
