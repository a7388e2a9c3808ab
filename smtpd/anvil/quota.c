#include "smtpd/anvil/quota.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "util/base/memory.h"

enum { NAMES_MAX = 500000, NAME_BYTES_MAX = 4096 };

struct quota_entry {
    UT_hash_handle hh;
    uint32_t sum;
    uint32_t window_s;
    int64_t end_ms;
    char name[];
};

struct quota {
    struct quota_entry *entries;
    bool has_changed;
};

struct quota *quota_new(void)
{
    return memory_new(struct quota);
}

static void sweep(struct quota *quota, int64_t now_ms)
{
    struct quota_entry *entry;
    struct quota_entry *next;

    HASH_ITER(hh, quota->entries, entry, next) {
        if (entry->end_ms <= now_ms) {
            HASH_DEL(quota->entries, entry);
            free(entry);
        }
    }
}

void quota_sweep(struct quota *quota, int64_t now_ms)
{
    sweep(quota, now_ms);
}

void quota_free(struct quota *quota)
{
    if (quota == NULL)
        return;
    sweep(quota, INT64_MAX);
    free(quota);
}

unsigned quota_size(const struct quota *quota)
{
    return HASH_COUNT(quota->entries);
}

/* The name's entry, a new one if need be. NULL: nobody has so many customers, nor such a name; rather forget than grow without
 * end. */
static struct quota_entry *entry_of(struct quota *quota, const char *name, size_t length, int64_t now_ms)
{
    struct quota_entry *entry;

    if (length > NAME_BYTES_MAX)
        return NULL;
    HASH_FIND(hh, quota->entries, name, length, entry);
    if (entry != NULL)
        return entry;
    if (HASH_COUNT(quota->entries) >= NAMES_MAX)
        sweep(quota, now_ms);
    if (HASH_COUNT(quota->entries) >= NAMES_MAX)
        return NULL;
    entry = memory_zeroed(1, sizeof(*entry) + length + 1);
    memcpy(entry->name, name, length);
    entry->end_ms = INT64_MIN;
    HASH_ADD(hh, quota->entries, name, length, entry);
    return entry;
}

uint32_t quota_add(struct quota *quota, const char *name, uint32_t amount, uint32_t window_s, int64_t now_ms)
{
    struct quota_entry *entry = entry_of(quota, name, strlen(name), now_ms);

    if (entry == NULL)
        return amount;
    if (entry->end_ms <= now_ms) {
        entry->sum = 0;
        entry->window_s = window_s;
        entry->end_ms = now_ms + (int64_t)window_s * 1000;
    }
    entry->sum = amount > UINT32_MAX - entry->sum ? UINT32_MAX : entry->sum + amount;
    quota->has_changed = true;
    return entry->sum;
}

/* "SUM WINDOW END LENGTH:NAME\n", END in seconds since 1970. */
void quota_put(const struct quota *quota, int64_t now_ms, int64_t wall_s, struct str *out)
{
    for (const struct quota_entry *entry = quota->entries; entry != NULL; entry = entry->hh.next) {
        if (entry->end_ms > now_ms)
            str_printf(out, "%" PRIu32 " %" PRIu32 " %" PRId64 " %u:%s\n", entry->sum, entry->window_s,
                wall_s + (entry->end_ms - now_ms + 999) / 1000, entry->hh.keylen, entry->name);
    }
}

/* A number and the character behind it. */
static bool take_number(const char **at, const char *end, uint64_t max, char behind, uint64_t *number)
{
    const char *start = *at;

    for (*number = 0; *at < end && **at >= '0' && **at <= '9'; (*at)++) {
        *number = *number * 10 + (uint64_t)(**at - '0');
        if (*number > max)
            return false;
    }
    return *at > start && *at < end && *(*at)++ == behind;
}

static bool take_entry(struct quota *quota, const char **at, const char *end, int64_t now_ms, int64_t wall_s)
{
    uint64_t sum;
    uint64_t window_s;
    uint64_t end_s;
    uint64_t length;

    if (!take_number(at, end, UINT32_MAX, ' ', &sum) || !take_number(at, end, UINT32_MAX, ' ', &window_s)
        || !take_number(at, end, INT64_MAX / 100000, ' ', &end_s) || !take_number(at, end, NAME_BYTES_MAX, ':', &length)
        || length >= (uint64_t)(end - *at) || (*at)[length] != '\n' || memchr(*at, '\0', length) != NULL)
        return false;
    const char *name = *at;
    *at += length + 1;
    int64_t left_s = (int64_t)end_s - wall_s;
    if (left_s <= 0)
        return true;
    struct quota_entry *entry = entry_of(quota, name, length, now_ms);
    if (entry == NULL)
        return true;
    entry->sum = (uint32_t)sum;
    entry->window_s = (uint32_t)window_s;
    /* The wall clock may have been set back meanwhile. */
    entry->end_ms = now_ms + (left_s < (int64_t)window_s ? left_s : (int64_t)window_s) * 1000;
    return true;
}

bool quota_take(struct quota *quota, const char *bytes, size_t length, int64_t now_ms, int64_t wall_s)
{
    const char *end = bytes + length;

    while (bytes < end) {
        if (!take_entry(quota, &bytes, end, now_ms, wall_s))
            return false;
    }
    return true;
}

bool quota_has_changed(const struct quota *quota)
{
    return quota->has_changed;
}

void quota_is_saved(struct quota *quota)
{
    quota->has_changed = false;
}
