#include "delivery/smtp/smtp_sasl_cache.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util/base/memory.h"
#include "util/base/number.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/sasl/sasl_base64.h"
#include "util/table/table.h"

struct smtp_sasl_cache {
    struct table *table;
    int64_t max_age_s;
};

static void put_digest(const struct smtp_sasl_attempt *attempt, struct str *out)
{
    unsigned char digest[SHA_DIGEST_LENGTH];

    (void)SHA1((const unsigned char *)attempt->password, attempt->password_length, digest); /* gives its last argument */
    sasl_base64_encode((const char *)digest, sizeof(digest), out);
}

/* What stands before the next ";", which is passed over. False: there is none. */
static bool take_field(const char **value, struct str *field)
{
    size_t length = strcspn(*value, ";");

    str_clear(field);
    str_put_bytes(field, *value, length);
    if ((*value)[length] == '\0')
        return false;
    *value += length + 1;
    return true;
}

enum smtp_sasl_cached smtp_sasl_cache_parse(const char *value, const struct smtp_sasl_attempt *attempt, int64_t now_s, int64_t max_age_s,
    struct str *status, struct str *reply)
{
    enum smtp_sasl_cached result = SMTP_SASL_CACHED_OTHER;
    struct str digest = {0};
    struct str field = {0};
    uint64_t time_s = 0;

    bool good = take_field(&value, &field) && number_parse_u64(str_text(&field), INT64_MAX, &time_s) && take_field(&value, &field);
    put_digest(attempt, &digest);
    if (good && text_equal(str_text(&field), str_text(&digest)) && take_field(&value, status)) {
        str_set(reply, value);
        result = (int64_t)time_s < now_s - max_age_s ? SMTP_SASL_CACHED_EXPIRED : SMTP_SASL_CACHED_REFUSED;
    }
    str_free(&digest);
    str_free(&field);
    return result;
}

void smtp_sasl_cache_format(const struct smtp_sasl_attempt *attempt, int64_t now_s, const char *status, const char *reply, struct str *value)
{
    str_clear(value);
    str_printf(value, "%lld;", (long long)now_s);
    put_digest(attempt, value);
    str_printf(value, ";%s;%.*s", status, (int)strcspn(reply, "\r\n"), reply);
}

struct smtp_sasl_cache *smtp_sasl_cache_open(const struct config *config)
{
    const char *name = config->smtp_sasl_auth_cache_name;

    if (*name == '\0')
        return NULL;
    if (!text_starts_with(name, "proxy:"))
        log_fatal("SASL authentication cache name \"%s\" must start with \"proxy:", name);
    struct smtp_sasl_cache *cache = memory_new(struct smtp_sasl_cache);
    cache->table = table_open(config, name, TABLE_WRITE | TABLE_CREATE);
    cache->max_age_s = config->smtp_sasl_auth_cache_time;
    return cache;
}

void smtp_sasl_cache_close(struct smtp_sasl_cache *cache)
{
    if (cache == NULL)
        return;
    table_close(cache->table);
    free(cache);
}

static void put_key(const struct smtp_sasl_attempt *attempt, struct str *key)
{
    str_printf(key, "%s;%s", attempt->server, attempt->user);
}

bool smtp_sasl_cache_find(struct smtp_sasl_cache *cache, const struct smtp_sasl_attempt *attempt, struct str *status, struct str *reply)
{
    enum smtp_sasl_cached known = SMTP_SASL_CACHED_OTHER;
    struct str key = {0};
    struct str value = {0};

    put_key(attempt, &key);
    if (table_find(cache->table, str_text(&key), &value) == TABLE_FOUND)
        known = smtp_sasl_cache_parse(str_text(&value), attempt, (int64_t)time(NULL), cache->max_age_s, status, reply);
    if (known == SMTP_SASL_CACHED_EXPIRED)
        (void)table_remove(cache->table, str_text(&key), &value); /* or it is replaced by the next refusal */
    str_free(&key);
    str_free(&value);
    return known == SMTP_SASL_CACHED_REFUSED;
}

void smtp_sasl_cache_put(struct smtp_sasl_cache *cache, const struct smtp_sasl_attempt *attempt, const char *status, const char *reply)
{
    struct str key = {0};
    struct str value = {0};
    struct str why = {0};

    put_key(attempt, &key);
    smtp_sasl_cache_format(attempt, (int64_t)time(NULL), status, reply, &value);
    if (table_put(cache->table, str_text(&key), str_text(&value), true, &why) == TABLE_PUT_FAILED)
        log_warning("SASL authentication cache %s: %s", table_name(cache->table), why.length > 0 ? str_text(&why) : "not written");
    str_free(&key);
    str_free(&value);
    str_free(&why);
}
