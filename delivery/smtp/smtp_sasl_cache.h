/* smtp_sasl_cache.h: logins that a server refused with 535, so that a wrong password isn't sent again and again
 * (smtp_sasl_auth_cache_name). Entries look as Postfix writes them: key "server;user", value "time;digest;status;reply", the
 * digest being that of the password (SHA-1, Base64). */
#ifndef DELIVERY_SMTP_SASL_CACHE_H
#define DELIVERY_SMTP_SASL_CACHE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/base/str.h"
#include "util/config/config.h"

struct smtp_sasl_cache;

/* password isn't text: it has a length. Everything is borrowed. */
struct smtp_sasl_attempt {
    const char *server;
    const char *user;
    const char *password;
    size_t password_length;
};

/* NULL: no cache is configured. Ends the process on a table that isn't shared by all processes ("proxy:"). */
struct smtp_sasl_cache *smtp_sasl_cache_open(const struct config *config);
void smtp_sasl_cache_close(struct smtp_sasl_cache *cache); /* NULL is allowed */

/* Whether the server refused just this before, and how: "5.7.8", "535 5.7.8 authentication failed". False also when the table
 * fails: then the server decides. */
bool smtp_sasl_cache_find(struct smtp_sasl_cache *cache, const struct smtp_sasl_attempt *attempt, struct str *status, struct str *reply);
/* Of a reply of several lines the first is kept. */
void smtp_sasl_cache_put(struct smtp_sasl_cache *cache, const struct smtp_sasl_attempt *attempt, const char *status, const char *reply);

/* The two halves that need no table. *status and *reply are replaced. */
enum smtp_sasl_cached { SMTP_SASL_CACHED_REFUSED, SMTP_SASL_CACHED_OTHER, SMTP_SASL_CACHED_EXPIRED };
enum smtp_sasl_cached smtp_sasl_cache_parse(const char *value, const struct smtp_sasl_attempt *attempt, int64_t now_s, int64_t max_age_s,
    struct str *status, struct str *reply);
void smtp_sasl_cache_format(const struct smtp_sasl_attempt *attempt, int64_t now_s, const char *status, const char *reply, struct str *value);
#endif
