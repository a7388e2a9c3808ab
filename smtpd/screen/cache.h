/* cache.h: the temporary allowlist (postscreen_cache_map): results of tests by client address, as Postfix writes them, and the
 * removal of old ones little by little. */
#ifndef SMTPD_SCREEN_CACHE_H
#define SMTPD_SCREEN_CACHE_H
#include <event2/event.h>
#include <stdbool.h>

#include "util/base/str.h"
#include "util/config/config.h"

struct cache;

/* Opens (or makes) the table as mail_owner; before confinement. Ends the process when that fails. */
struct cache *cache_open(const struct config *config);
/* From now on old entries are removed from time to time, and changes written to disk, in that event loop. */
void cache_start(struct cache *cache, struct event_base *events);
void cache_close(struct cache *cache);

/* False: not there (or the table failed, which is logged). *value replaces. */
bool cache_find(struct cache *cache, const char *address, struct str *value);
void cache_put(struct cache *cache, const char *address, const char *value);
#endif
