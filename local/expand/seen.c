#include "local/expand/seen.h"

#include <stdlib.h>
#include <uthash.h>

#include "util/base/memory.h"
#include "util/base/str.h"
#include "util/base/text.h"

struct seen_entry {
    UT_hash_handle hh;
    char *key;
};

struct seen {
    struct seen_entry *entries;
    size_t limit;
};

struct seen *seen_new(size_t limit)
{
    struct seen *seen = memory_new(struct seen);

    seen->limit = limit;
    return seen;
}

void seen_free(struct seen *seen)
{
    struct seen_entry *entry;
    struct seen_entry *next;

    if (seen == NULL)
        return;
    HASH_ITER(hh, seen->entries, entry, next) {
        HASH_DEL(seen->entries, entry);
        free(entry->key);
        free(entry);
    }
    free(seen);
}

bool seen_first(struct seen *seen, const char *kind, const char *text)
{
    struct str key = {0};
    struct seen_entry *entry;

    str_printf(&key, "%s:%s", kind, text);
    text_lower(key.data);
    HASH_FIND_STR(seen->entries, str_text(&key), entry);
    bool first = entry == NULL;
    if (first && (seen->limit == 0 || HASH_COUNT(seen->entries) < seen->limit)) {
        entry = memory_new(struct seen_entry);
        entry->key = str_take(&key);
        HASH_ADD_KEYPTR(hh, seen->entries, entry->key, strlen(entry->key), entry);
    }
    str_free(&key);
    return first;
}
