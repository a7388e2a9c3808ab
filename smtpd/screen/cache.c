#include "smtpd/screen/cache.h"

#include <pwd.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "smtpd/screen/checks.h"
#include "util/base/memory.h"
#include "util/base/number.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/sys/identity.h"
#include "util/table/table.h"

#define LAST_CLEANUP_KEY "_LAST_CACHE_CLEANUP_COMPLETED_"

enum { ENTRIES_PER_STEP = 100, STEP_MS = 20, WRITE_S = 5 };

struct cache {
    const struct config *config;
    struct table *table;
    struct event *cleanup;
    struct event *write;
    bool is_dirty;
    bool is_cleaning;
    unsigned long retained;
    unsigned long dropped;
    struct str key;
    struct str value;
};

struct cache *cache_open(const struct config *config)
{
    struct cache *cache = memory_new(struct cache);
    const struct passwd *owner = getpwnam(config->mail_owner);

    cache->config = config;
    if (*config->postscreen_cache_map == '\0')
        return cache; /* every client is a new one */
    identity_start();
    if (identity_is_privileged() && (owner == NULL || !identity_become(owner->pw_uid, owner->pw_gid)))
        log_fatal("open %s as user %s: %m", config->postscreen_cache_map, config->mail_owner);
    cache->table = table_open(config, config->postscreen_cache_map, TABLE_WRITE | TABLE_CREATE | TABLE_QUIET);
    if (identity_is_privileged())
        identity_back();
    if (table_why_unavailable(cache->table) != NULL)
        log_fatal("postscreen_cache_map: %s", table_why_unavailable(cache->table));
    return cache;
}

static void set_timer(struct event *event, int64_t milliseconds)
{
    struct timeval after = { .tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000 };

    if (event_add(event, &after) != 0)
        log_fatal("no timer: %m");
}

static void write_out(struct cache *cache)
{
    if (cache->is_dirty && !table_commit(cache->table, &cache->value))
        log_warning("%s: %s", table_name(cache->table), str_text(&cache->value));
    cache->is_dirty = false;
}

static void on_write(evutil_socket_t fd, short what, void *context)
{
    write_out(context);
}

/* Changes are written out together, soon. */
static void set_dirty(struct cache *cache)
{
    if (!cache->is_dirty && cache->write != NULL)
        set_timer(cache->write, (int64_t)WRITE_S * 1000);
    cache->is_dirty = true;
}

static void put(struct cache *cache, const char *key, const char *value)
{
    struct str why = {0};

    if (table_put(cache->table, key, value, true, &why) == TABLE_PUT_FAILED)
        log_warning("%s: %s", table_name(cache->table), str_text(&why));
    str_free(&why);
    set_dirty(cache);
}

static void end_cleanup(struct cache *cache)
{
    struct str text = {0};

    log_info("cache %s full cleanup: retained=%lu dropped=%lu entries", cache->config->postscreen_cache_map, cache->retained,
        cache->dropped);
    cache->is_cleaning = false;
    str_printf(&text, "%lld", (long long)time(NULL));
    put(cache, LAST_CLEANUP_KEY, str_text(&text));
    str_free(&text);
    set_timer(cache->cleanup, cache->config->postscreen_cache_cleanup_interval * 1000);
}

/* Looks at one entry; false at the end. */
static bool clean_one(struct cache *cache, int64_t oldest)
{
    enum table_result result = table_next(cache->table, !cache->is_cleaning, &cache->key, &cache->value);

    cache->is_cleaning = true;
    if (result == TABLE_FAILED)
        log_warning("%s: %s", table_name(cache->table), str_text(&cache->value));
    if (result != TABLE_FOUND)
        return false;
    if (text_equal(str_text(&cache->key), LAST_CLEANUP_KEY))
        return true;
    if (checks_latest(str_text(&cache->value)) >= oldest) {
        cache->retained++;
        return true;
    }
    (void)table_remove(cache->table, str_text(&cache->key), &cache->value); /* what stays is looked at again next time */
    set_dirty(cache);
    cache->dropped++;
    return true;
}

static void on_cleanup(evutil_socket_t fd, short what, void *context)
{
    struct cache *cache = context;
    int64_t oldest = (int64_t)time(NULL) - cache->config->postscreen_cache_retention_time;
    bool is_over = false;

    if (!cache->is_cleaning)
        cache->retained = cache->dropped = 0;
    unsigned long before = cache->dropped;
    for (int i = 0; i < ENTRIES_PER_STEP && !is_over; i++)
        is_over = !clean_one(cache, oldest);
    if (is_over)
        end_cleanup(cache);
    else
        set_timer(cache->cleanup, STEP_MS);
    /* Berkeley DB cuts a file shorter at once when its last pages fall free: what leads to them mustn't stay in it for long. */
    if (cache->dropped > before || is_over)
        write_out(cache);
}

void cache_start(struct cache *cache, struct event_base *events)
{
    int64_t interval_s = cache->config->postscreen_cache_cleanup_interval;
    int64_t last = 0;

    if (cache->table == NULL)
        return;
    cache->write = evtimer_new(events, on_write, cache);
    cache->cleanup = evtimer_new(events, on_cleanup, cache);
    if (cache->write == NULL || cache->cleanup == NULL)
        log_fatal("no timer: %m");
    if (interval_s == 0 || !table_can_list(cache->table))
        return;
    if (cache_find(cache, LAST_CLEANUP_KEY, &cache->value))
        (void)number_parse_i64(str_text(&cache->value), 0, INT64_MAX, &last); /* else it is due */
    int64_t due = last + interval_s - (int64_t)time(NULL);
    set_timer(cache->cleanup, due < 0 ? 0 : (due < interval_s ? due : interval_s) * 1000);
}

void cache_close(struct cache *cache)
{
    if (cache->cleanup != NULL)
        event_free(cache->cleanup);
    if (cache->write != NULL)
        event_free(cache->write);
    write_out(cache);
    if (cache->table != NULL)
        table_close(cache->table);
    str_free(&cache->key);
    str_free(&cache->value);
    free(cache);
}

bool cache_find(struct cache *cache, const char *address, struct str *value)
{
    return cache->table != NULL && table_find(cache->table, address, value) == TABLE_FOUND;
}

void cache_put(struct cache *cache, const char *address, const char *value)
{
    if (cache->table != NULL)
        put(cache, address, value);
}
