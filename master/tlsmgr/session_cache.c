#include "master/tlsmgr/session_cache.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "util/base/memory.h"
#include "util/log/log.h"
#include "util/sys/identity.h"
#include "util/table/table.h"

enum { ENTRIES_PER_STEP = 100, STEP_MS = 20, WRITE_MS = 5000, KEYS_MAX = ENTRIES_PER_STEP, INTERVAL_MIN_S = 60 };

struct session_cache {
    const char *name;
    struct table *table;
    int64_t timeout_s;
    struct event *cleanup;
    struct event *write;
    bool is_dirty;
    bool is_cleaning;
    struct str key;
    struct str value;
};

/* --- the form of an entry --- */

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool put_decoded(const char *text, struct str *out)
{
    for (; text[0] != '\0'; text += 2) {
        int high = digit_of(text[0]);
        int low = high < 0 ? -1 : digit_of(text[1]);
        if (low < 0)
            return false;
        str_put_char(out, (char)(high * 16 + low));
    }
    return true;
}

bool session_cache_parse(const char *value, int64_t *put_s, struct str *session)
{
    struct str bytes = {0};
    bool good = put_decoded(value, &bytes) && bytes.length > sizeof(*put_s);

    if (good) {
        memcpy(put_s, bytes.data, sizeof(*put_s));
        if (session != NULL) {
            str_clear(session);
            str_put_bytes(session, bytes.data + sizeof(*put_s), bytes.length - sizeof(*put_s));
        }
    }
    str_free(&bytes);
    return good;
}

static void put_encoded(const void *bytes, size_t length, struct str *out)
{
    static const char digits[] = "0123456789ABCDEF";
    const unsigned char *at = bytes;

    for (size_t i = 0; i < length; i++) {
        str_put_char(out, digits[at[i] >> 4]);
        str_put_char(out, digits[at[i] & 15]);
    }
}

void session_cache_print(int64_t put_s, struct ipc_bytes session, struct str *value)
{
    str_clear(value);
    str_reserve(value, 2 * (sizeof(put_s) + session.length) + 1);
    put_encoded(&put_s, sizeof(put_s), value);
    put_encoded(session.data, session.length, value);
}

/* --- the table --- */

static struct table *open_table(const struct config *config, const char *name)
{
    struct str path = {0};
    struct table *table = table_open(config, name, TABLE_WRITE | TABLE_CREATE | TABLE_QUIET);

    if (table_why_unavailable(table) == NULL)
        return table;
    log_warning("%s: %s: it is made anew", name, table_why_unavailable(table));
    str_put(&path, strchr(table_data_name(table), ':') + 1);
    table_close(table);
    (void)unlink(str_text(&path)); /* what is in the way for another reason shows at once */
    str_free(&path);
    return table_open(config, name, TABLE_WRITE | TABLE_CREATE | TABLE_QUIET);
}

struct session_cache *session_cache_open(const struct config *config, const char *name, const char *table_name, int64_t timeout_s)
{
    const struct passwd *owner = getpwnam(config->mail_owner);

    if (strchr(table_name, ':') == NULL) {
        log_warning("%s_tls_session_cache_database: \"%s\" isn't of the form type:name", name, table_name);
        return NULL;
    }
    identity_start();
    if (identity_is_privileged() && (owner == NULL || !identity_become(owner->pw_uid, owner->pw_gid)))
        log_fatal("open %s as user %s: %m", table_name, config->mail_owner);
    struct table *table = open_table(config, table_name);
    if (identity_is_privileged())
        identity_back();
    if (table_why_unavailable(table) != NULL) {
        log_warning("%s_tls_session_cache_database: %s", name, table_why_unavailable(table));
        table_close(table);
        return NULL;
    }
    struct session_cache *cache = memory_new(struct session_cache);
    cache->name = name;
    cache->table = table;
    cache->timeout_s = timeout_s;
    return cache;
}

const char *session_cache_name(const struct session_cache *cache)
{
    return cache->name;
}

static void set_timer(struct event *event, int64_t milliseconds)
{
    struct timeval after = { .tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000 };

    if (event_add(event, &after) != 0)
        log_fatal("no timer: %m");
}

static void write_out(struct session_cache *cache)
{
    if (cache->is_dirty && !table_commit(cache->table, &cache->value))
        log_warning("%s: %s", table_name(cache->table), str_text(&cache->value));
    cache->is_dirty = false;
}

static void on_write(evutil_socket_t fd, short what, void *context)
{
    write_out(context);
}

static void note_change(struct session_cache *cache)
{
    if (!cache->is_dirty && cache->write != NULL)
        set_timer(cache->write, WRITE_MS);
    cache->is_dirty = true;
}

bool session_cache_find(struct session_cache *cache, const char *key, int64_t now_s, struct str *session)
{
    int64_t put_s;

    switch (table_find(cache->table, key, &cache->value)) {
    case TABLE_FOUND:
        break;
    case TABLE_ABSENT:
        return false;
    case TABLE_FAILED:
        log_warning("%s: %s", table_name(cache->table), str_text(&cache->value));
        return false;
    }
    if (session_cache_parse(str_text(&cache->value), &put_s, session) && put_s <= now_s && now_s - put_s < cache->timeout_s)
        return true;
    session_cache_remove(cache, key);
    return false;
}

void session_cache_put(struct session_cache *cache, const char *key, int64_t now_s, struct ipc_bytes session)
{
    struct str why = {0};

    session_cache_print(now_s, session, &cache->value);
    if (table_put(cache->table, key, str_text(&cache->value), true, &why) == TABLE_PUT_FAILED)
        log_warning("%s: %s", table_name(cache->table), str_text(&why));
    str_free(&why);
    note_change(cache);
}

void session_cache_remove(struct session_cache *cache, const char *key)
{
    struct str why = {0};

    if (table_remove(cache->table, key, &why) == TABLE_FAILED)
        log_warning("%s: %s", table_name(cache->table), str_text(&why));
    str_free(&why);
    note_change(cache);
}

/* --- entries that are over --- */

/* Looks at so many; what is over is removed behind that, since a table isn't changed while a step of the walk is under way.
 * False: the end was reached. */
static bool clean_some(struct session_cache *cache)
{
    char *over[KEYS_MAX];
    size_t count = 0;
    enum table_result result = TABLE_FOUND;
    int64_t now_s = (int64_t)time(NULL);
    int64_t put_s;

    for (int i = 0; i < ENTRIES_PER_STEP && result == TABLE_FOUND; i++) {
        result = table_next(cache->table, !cache->is_cleaning, &cache->key, &cache->value);
        cache->is_cleaning = true;
        if (result == TABLE_FAILED)
            log_warning("%s: %s", table_name(cache->table), str_text(&cache->value));
        if (result == TABLE_FOUND && !(session_cache_parse(str_text(&cache->value), &put_s, NULL) && put_s <= now_s
                                       && now_s - put_s < cache->timeout_s))
            over[count++] = memory_copy_text(str_text(&cache->key));
    }
    for (size_t i = 0; i < count; i++) {
        session_cache_remove(cache, over[i]);
        free(over[i]);
    }
    return result == TABLE_FOUND;
}

static void on_cleanup(evutil_socket_t fd, short what, void *context)
{
    struct session_cache *cache = context;

    if (clean_some(cache)) {
        set_timer(cache->cleanup, STEP_MS);
        return;
    }
    cache->is_cleaning = false;
    set_timer(cache->cleanup, 1000 * (cache->timeout_s < INTERVAL_MIN_S ? INTERVAL_MIN_S : cache->timeout_s));
}

void session_cache_start(struct session_cache *cache, struct event_base *events)
{
    cache->write = evtimer_new(events, on_write, cache);
    cache->cleanup = evtimer_new(events, on_cleanup, cache);
    if (cache->write == NULL || cache->cleanup == NULL)
        memory_exhausted();
    if (cache->is_dirty)
        set_timer(cache->write, WRITE_MS);
    if (table_can_list(cache->table))
        set_timer(cache->cleanup, STEP_MS);
}

void session_cache_close(struct session_cache *cache)
{
    if (cache == NULL)
        return;
    write_out(cache);
    if (cache->write != NULL)
        event_free(cache->write);
    if (cache->cleanup != NULL)
        event_free(cache->cleanup);
    table_close(cache->table);
    str_free(&cache->key);
    str_free(&cache->value);
    free(cache);
}
