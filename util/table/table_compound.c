#include "util/table/table_compound.h"

#include <stdlib.h>
#include <string.h>

#include "util/base/brace.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/table/table.h"

enum { DEEPEST = 16 }; /* a table in a table in a table ... */

struct compound {
    struct table **table;
    size_t count;
};

static void compound_close(void *data)
{
    struct compound *compound = data;

    while (compound->count > 0)
        table_close(compound->table[--compound->count]);
    free(compound->table);
    free(compound);
}

static size_t brace_depth(const char *text)
{
    size_t depth = 0;
    size_t deepest = 0;

    for (; *text != '\0'; text++) {
        if (*text == '{' && ++depth > deepest)
            deepest = depth;
        else if (*text == '}' && depth > 0)
            depth--;
    }
    return deepest;
}

static bool open_member(struct compound *compound, const struct table_request *request, const char *type_name)
{
    unsigned flags = (request->flags | TABLE_QUIET) & ~(unsigned)TABLE_FILE_VALUES;
    struct table *table = table_open(request->config, type_name, flags);
    const char *why = table_why_unavailable(table);

    if (why != NULL) {
        str_set(request->why, why);
        table_close(table);
        return false;
    }
    compound->table = memory_resize(compound->table, compound->count + 1, sizeof(struct table *));
    compound->table[compound->count++] = table;
    return true;
}

static void *compound_open(const struct table_request *request)
{
    struct compound *compound = memory_new(struct compound);
    struct str inner = {0};
    struct str word = {0};
    struct str problem = {0};
    bool well_formed = brace_depth(request->name) <= DEEPEST && brace_content(request->name, &inner, &problem);
    bool good = well_formed;

    const char *cursor = str_text(&inner);
    while (good && brace_next_word(&cursor, TEXT_LIST_SEPARATORS, &word)) {
        if (strchr(str_text(&word), ':') == NULL)
            good = well_formed = false;
        else
            good = open_member(compound, request, str_text(&word));
    }
    if (!well_formed || (good && compound->count == 0)) {
        good = false;
        str_printf(request->why, "bad syntax: \"%s:%s\"; need \"%s:{type:name...}\"", request->type, request->name,
            request->type);
    }
    str_free(&inner);
    str_free(&word);
    str_free(&problem);
    if (good)
        return compound;
    compound_close(compound);
    return NULL;
}

static enum table_result pipemap_find(void *data, const char *key, struct str *value)
{
    const struct compound *compound = data;
    struct str query = {0};
    enum table_result result = TABLE_FOUND;

    str_set(&query, key);
    for (size_t i = 0; i < compound->count && result == TABLE_FOUND; i++) {
        result = table_find(compound->table[i], str_text(&query), value);
        if (result == TABLE_FOUND)
            str_set(&query, str_text(value));
    }
    str_free(&query);
    return result;
}

static enum table_result unionmap_find(void *data, const char *key, struct str *value)
{
    const struct compound *compound = data;
    struct str part = {0};
    enum table_result result = TABLE_ABSENT;

    for (size_t i = 0; i < compound->count && result != TABLE_FAILED; i++) {
        enum table_result one = table_find(compound->table[i], key, &part);
        if (one == TABLE_ABSENT)
            continue;
        if (one == TABLE_FAILED)
            str_clear(value);
        else if (result == TABLE_FOUND)
            str_put_char(value, ',');
        result = one;
        str_put(value, str_text(&part));
    }
    str_free(&part);
    return result;
}

static bool compound_has_changed(void *data)
{
    const struct compound *compound = data;

    for (size_t i = 0; i < compound->count; i++) {
        if (table_has_changed(compound->table[i]))
            return true;
    }
    return false;
}

static bool compound_is_fixed(const void *data)
{
    const struct compound *compound = data;

    for (size_t i = 0; i < compound->count; i++) {
        if (!table_is_fixed(compound->table[i]))
            return false;
    }
    return true;
}

static bool compound_may_wait(const void *data)
{
    const struct compound *compound = data;

    for (size_t i = 0; i < compound->count; i++) {
        if (table_may_wait(compound->table[i]))
            return true;
    }
    return false;
}

const struct table_type table_pipemap = {
    .name = "pipemap", .suffix = "", .open = compound_open, .close = compound_close, .find = pipemap_find,
    .has_changed = compound_has_changed, .is_fixed = compound_is_fixed, .data_may_wait = compound_may_wait,
};

const struct table_type table_unionmap = {
    .name = "unionmap", .suffix = "", .open = compound_open, .close = compound_close, .find = unionmap_find,
    .has_changed = compound_has_changed, .is_fixed = compound_is_fixed, .data_may_wait = compound_may_wait,
};
