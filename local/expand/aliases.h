/* aliases.h: the alias tables (alias_maps), and whose files they are: commands and files in them run with their owner's rights. */
#ifndef LOCAL_EXPAND_ALIASES_H
#define LOCAL_EXPAND_ALIASES_H
#include <sys/types.h>

#include "util/table/table.h"

struct aliases;

/* Opens alias_maps: before the worker confines itself. changed: one was replaced since. */
struct aliases *aliases_open(const struct config *config);
void aliases_close(struct aliases *aliases);
bool aliases_have_changed(struct aliases *aliases);

/* name in lower case. Puts the value; *uid and *gid: the table's owner (root where it has none). */
enum table_result aliases_find(struct aliases *aliases, const char *name, struct str *value, uid_t *uid, gid_t *gid);
#endif
