#include "smtpd/anvil/quota.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "util/base/memory.h"

enum { NAMES_MAX = 500000 };

struct quota_entry {
    UT_hash_handle hh;
    uint32_t sum;
    int64_t end_ms;
    char name[];
};

struct quota {
    struct quota_entry *entries;
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

uint32_t quota_add(struct quota *quota, const char *name, uint32_t amount, uint32_t window_s, int64_t now_ms)
{
    struct quota_entry *entry;
    size_t length = strlen(name);

    HASH_FIND(hh, quota->entries, name, length, entry);
    if (entry == NULL) {
        if (HASH_COUNT(quota->entries) >= NAMES_MAX)
            sweep(quota, now_ms);
        if (HASH_COUNT(quota->entries) >= NAMES_MAX)
            return amount; /* nobody has so many customers: rather forget than grow without end */
        entry = memory_zeroed(1, sizeof(*entry) + length + 1);
        memcpy(entry->name, name, length + 1);
        HASH_ADD(hh, quota->entries, name, length, entry);
    }
    if (entry->end_ms <= now_ms) {
        entry->sum = 0;
        entry->end_ms = now_ms + (int64_t)window_s * 1000;
    }
    entry->sum = amount > UINT32_MAX - entry->sum ? UINT32_MAX : entry->sum + amount;
    return entry->sum;
}
