#include "util/table/maps.h"

#include <stdlib.h>
#include <string.h>

#include "util/base/brace.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"

struct maps {
    char *title;
    struct table **table;
    size_t count;
    bool takes_empty; /* TABLE_EMPTY_VALUES */
    const char *user; /* whom maps_expect_user looked up; NULL: nobody, or it failed */
    bool user_exists;
};

struct maps *maps_open(const struct config *config, const char *title, const char *list, unsigned flags)
{
    struct maps *maps = memory_new(struct maps);
    struct str word = {0};

    maps->title = memory_copy_text(title);
    maps->takes_empty = (flags & TABLE_EMPTY_VALUES) != 0;
    while (brace_next_word(&list, TEXT_LIST_SEPARATORS, &word)) {
        maps->table = memory_resize(maps->table, maps->count + 1, sizeof(struct table *));
        maps->table[maps->count++] = table_open(config, str_text(&word), flags);
    }
    str_free(&word);
    return maps;
}

void maps_close(struct maps *maps)
{
    if (maps == NULL)
        return;
    while (maps->count > 0)
        table_close(maps->table[--maps->count]);
    free(maps->table);
    free(maps->title);
    free(maps);
}

bool maps_is_empty(const struct maps *maps)
{
    return maps == NULL || maps->count == 0;
}

bool maps_may_wait(const struct maps *maps)
{
    for (size_t i = 0; i < maps->count; i++) {
        if (table_may_wait(maps->table[i]))
            return true;
    }
    return false;
}

bool maps_have_changed(struct maps *maps)
{
    for (size_t i = 0; i < maps->count; i++) {
        if (table_has_changed(maps->table[i]))
            return true;
    }
    return false;
}

static bool has_users(const struct table *table)
{
    return text_equal(table_name(table), "unix:passwd.byname") || text_equal(table_name(table), "proxy:unix:passwd.byname");
}

void maps_expect_user(struct maps *maps, const char *user)
{
    struct str value = {0};
    size_t i = 0;

    maps->user = NULL;
    while (i < maps->count && !has_users(maps->table[i]))
        i++;
    if (user == NULL || *user == '\0' || i == maps->count)
        return;
    enum table_result result = table_find(maps->table[i], user, &value);
    maps->user = result == TABLE_FAILED ? NULL : user;
    maps->user_exists = result == TABLE_FOUND;
    str_free(&value);
}

/* Whether maps_expect_user knows that this look-up would be in vain, or that another one will do. */
static bool needs_no_asking(const struct maps *maps, const struct table *table, const char *key)
{
    return maps->user != NULL && has_users(table) && (maps->user_exists ? strchr(key, '@') != NULL : text_equal(key, maps->user));
}

static enum table_result find(struct maps *maps, const char *key, bool fixed_only, struct str *value, const char **table)
{
    str_clear(value);
    /* An empty key finds nothing, not even in static:. */
    if (maps == NULL || key[0] == '\0')
        return TABLE_ABSENT;
    for (size_t i = 0; i < maps->count; i++) {
        if ((fixed_only && !table_is_fixed(maps->table[i])) || needs_no_asking(maps, maps->table[i], key))
            continue;
        enum table_result result = table_find(maps->table[i], key, value);
        if (result == TABLE_FOUND && value->length == 0 && !maps->takes_empty) {
            log_warning("%s lookup of %s returns an empty string result", maps->title, key);
            log_warning("%s should return NO RESULT in case of NOT FOUND", maps->title);
            result = TABLE_FAILED;
        } else if (result == TABLE_FAILED) {
            log_warning("%s lookup error for \"%s\"", table_name(maps->table[i]), key);
        }
        if (result == TABLE_ABSENT)
            continue;
        if (table != NULL)
            *table = table_name(maps->table[i]);
        return result;
    }
    str_clear(value);
    return TABLE_ABSENT;
}

enum table_result maps_find(struct maps *maps, const char *key, struct str *value, const char **table)
{
    return find(maps, key, false, value, table);
}

enum table_result maps_find_fixed(struct maps *maps, const char *key, struct str *value, const char **table)
{
    return find(maps, key, true, value, table);
}

const char *maps_title(const struct maps *maps)
{
    return maps->title;
}
