/* session_cache.h: one cache of TLS sessions in a table (smtpd_tls_session_cache_database and its siblings). An entry is, in
 * hexadecimal digits, when it was put there (8 bytes) and what was put. */
#ifndef MASTER_TLSMGR_SESSION_CACHE_H
#define MASTER_TLSMGR_SESSION_CACHE_H
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/base/str.h"
#include "util/config/config.h"
#include "util/ipc/ipc.h"

struct session_cache;

/* name: "smtpd", for the log; table: "btree:..."; timeout_s: how long an entry counts. Opens (or makes) the table as mail_owner;
 * before confinement. What can't be opened is made anew: nothing in it is worth more than a handshake. NULL: that failed, too,
 * which was logged. */
struct session_cache *session_cache_open(const struct config *config, const char *name, const char *table, int64_t timeout_s);
/* From now on entries that are over are removed from time to time, and changes written to disk, in that event loop. */
void session_cache_start(struct session_cache *cache, struct event_base *events);
void session_cache_close(struct session_cache *cache); /* NULL is allowed */
const char *session_cache_name(const struct session_cache *cache);

/* False: none, or it is over. Replaces *session. */
bool session_cache_find(struct session_cache *cache, const char *key, int64_t now_s, struct str *session);
void session_cache_put(struct session_cache *cache, const char *key, int64_t now_s, struct ipc_bytes session);
void session_cache_remove(struct session_cache *cache, const char *key);

/* The form of an entry. False: it isn't one. session NULL: not wanted. Pure. */
bool session_cache_parse(const char *value, int64_t *put_s, struct str *session);
void session_cache_print(int64_t put_s, struct ipc_bytes session, struct str *value);
#endif
