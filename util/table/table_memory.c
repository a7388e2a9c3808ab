#include "util/table/table_memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/brace.h"
#include "util/base/fold.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/table/file_value.h"
#include "util/table/source.h"

#define uthash_fatal(message) memory_exhausted()
#include <uthash.h>

struct entry {
    char *key;
    char *value;
    UT_hash_handle hh;
};

struct memory_table {
    struct entry *entries; /* in the order they were put in */
    struct entry *next;    /* for listing */
    unsigned flags;
};

static struct entry *entry_find(const struct memory_table *memory, const char *key)
{
    struct entry *entry;

    HASH_FIND_STR(memory->entries, key, entry);
    return entry;
}

static void entry_put(struct memory_table *memory, const char *key, const char *value)
{
    struct entry *entry = entry_find(memory, key);

    if (entry == NULL) {
        entry = memory_new(struct entry);
        entry->key = memory_copy_text(key);
        HASH_ADD_KEYPTR(hh, memory->entries, entry->key, strlen(entry->key), entry);
    }
    free(entry->value);
    entry->value = memory_copy_text(value);
}

static void entry_remove(struct memory_table *memory, struct entry *entry)
{
    if (memory->next == entry)
        memory->next = entry->hh.next;
    HASH_DEL(memory->entries, entry);
    free(entry->key);
    free(entry->value);
    free(entry);
}

static void memory_close(void *data)
{
    struct memory_table *memory = data;

    while (memory->entries != NULL)
        entry_remove(memory, memory->entries);
    free(memory);
}

static enum table_result memory_find(void *data, const char *key, struct str *value)
{
    const struct entry *entry = entry_find(data, key);

    if (entry == NULL)
        return TABLE_ABSENT;
    str_set(value, entry->value);
    return TABLE_FOUND;
}

static enum table_put_result memory_put(void *data, const char *key, const char *value, bool replace, struct str *why)
{
    if (!replace && entry_find(data, key) != NULL)
        return TABLE_PUT_DUPLICATE;
    entry_put(data, key, value);
    return TABLE_PUT_DONE;
}

static enum table_result memory_remove(void *data, const char *key, struct str *why)
{
    struct entry *entry = entry_find(data, key);

    if (entry == NULL)
        return TABLE_ABSENT;
    entry_remove(data, entry);
    return TABLE_FOUND;
}

static enum table_result memory_next(void *data, bool first, struct str *key, struct str *value)
{
    struct memory_table *memory = data;

    if (first)
        memory->next = memory->entries;
    struct entry *entry = memory->next;
    if (entry == NULL)
        return TABLE_ABSENT;
    memory->next = entry->hh.next;
    str_set(key, entry->key);
    str_set(value, entry->value);
    return TABLE_FOUND;
}

/* Puts key and value as the flags say; a value that names files is read. False: *why. */
static bool put_prepared(struct memory_table *memory, const char *key, const char *value, struct str *why)
{
    struct str folded = {0};
    struct str content = {0};
    bool good = true;

    if (memory->flags & TABLE_FOLD) {
        fold_put(&folded, key, strlen(key), (memory->flags & TABLE_UTF8) != 0);
        key = str_text(&folded);
    }
    if (memory->flags & TABLE_FILE_VALUES) {
        good = file_value_encode(value, &content, why);
        value = str_text(&content);
    }
    if (good)
        entry_put(memory, key, value);
    str_free(&folded);
    str_free(&content);
    return good;
}

/* The '=' behind a name; quotes in a name (as of a local part) may hold one. NULL with *why: there is none, or white space
 * before it. */
static const char *find_equals(const char *text, struct str *why)
{
    const char *at = text;
    bool quoted = false;

    for (; *at != '\0' && (quoted || (*at != '=' && !text_is_space(*at))); at++) {
        if (*at == '\\' && at[1] != '\0')
            at++;
        else if (*at == '"')
            quoted = !quoted;
    }
    while (text_is_space(*at))
        at++;
    if (*at == '=')
        return at;
    str_set(why, quoted ? "unbalanced '\"'" : "missing '=' after attribute name");
    return NULL;
}

/* One "name=value", maybe in braces with white space around both. */
static bool put_pair(struct memory_table *memory, char *pair, struct str *why)
{
    struct str inner = {0};
    struct str name = {0};
    bool braced = pair[0] == '{';
    bool good = !braced || brace_content(pair, &inner, why);
    const char *text = braced ? str_text(&inner) : pair;
    const char *equals = good ? find_equals(text, why) : NULL;

    good = equals != NULL;
    if (good) {
        size_t length = (size_t)(equals - text);
        while (length > 0 && text_is_space(text[length - 1]))
            length--;
        str_put_bytes(&name, text, length);
        equals++;
        while (text_is_space(*equals))
            equals++;
        good = put_prepared(memory, str_text(&name), equals, why);
    }
    str_free(&inner);
    str_free(&name);
    return good;
}

static void *inline_open(const struct table_request *request)
{
    struct str inner = {0};
    struct str pair = {0};
    struct str problem = {0};
    struct memory_table *memory = memory_new(struct memory_table);
    bool good = brace_content(request->name, &inner, &problem) && !text_equal(request->name, "{}");

    memory->flags = request->flags;
    if (!good)
        str_printf(request->why, "bad syntax: \"inline:%s\"; need \"inline:{name=value...}\"", request->name);
    const char *cursor = str_text(&inner);
    while (good && brace_next_word(&cursor, TEXT_LIST_SEPARATORS, &pair)) {
        good = put_pair(memory, pair.data, &problem);
        if (!good && (request->flags & TABLE_FILE_VALUES) && text_starts_with(str_text(&problem), "open "))
            str_printf(request->why, "%s: \"inline:%s\"; need \"inline:{name=filename...}\"", str_text(&problem), request->name);
        else if (!good)
            str_printf(request->why, "%s: \"inline:%s\"; need \"inline:{name=value...}\"", str_text(&problem), request->name);
    }
    if (good && inner.length == 0) {
        good = false;
        str_printf(request->why, "empty table: \"inline:%s\"; need \"inline:{name=value...}\"", request->name);
    }
    str_free(&inner);
    str_free(&pair);
    str_free(&problem);
    if (good)
        return memory;
    memory_close(memory);
    return NULL;
}

static void *internal_open(const struct table_request *request)
{
    return memory_new(struct memory_table);
}

/* One line of a texthash file. */
static void texthash_line(struct memory_table *memory, const char *name, unsigned line_number, const char *line)
{
    size_t key_length;
    const char *value;
    struct str problem = {0};

    if ((memory->flags & TABLE_UTF8) && !text_is_utf8(line, strlen(line))) {
        log_warning("%s, line %u: non-UTF-8 input \"%s\" -- ignoring this line", name, line_number, line);
        return;
    }
    if (!source_split(name, line_number, line, &key_length, &value))
        return;
    if (key_length == 0) {
        log_warning("%s, line %u: expected format: key whitespace value -- ignoring this line", name, line_number);
        return;
    }
    if (line[key_length - 1] == ':')
        log_warning("%s, line %u: record is in \"key: value\" format; is this an alias file?", name, line_number);
    char *key = memory_copy_bytes(line, key_length);
    struct str folded = {0};
    if (memory->flags & TABLE_FOLD)
        fold_put(&folded, key, key_length, (memory->flags & TABLE_UTF8) != 0);
    else
        str_put(&folded, key);
    bool is_duplicate = entry_find(memory, str_text(&folded)) != NULL && !(memory->flags & TABLE_REPLACE);
    if (is_duplicate && !(memory->flags & TABLE_NO_DUPLICATE_WARNING))
        log_warning("%s, line %u: duplicate entry: \"%s\"", name, line_number, key);
    if (!is_duplicate && !put_prepared(memory, key, value, &problem))
        log_warning("%s, line %u: %s: skipping this entry", name, line_number, str_text(&problem));
    str_free(&folded);
    str_free(&problem);
    free(key);
}

static void *texthash_open(const struct table_request *request)
{
    struct source *source = source_open(request->name);

    if (source == NULL) {
        str_printf(request->why, errno == EISDIR ? "read %s: %s" : "open database %s: %s", request->name, strerror(errno));
        return NULL;
    }
    struct memory_table *memory = memory_new(struct memory_table);
    memory->flags = request->flags;
    struct str line = {0};
    while (source_next(source, &line))
        texthash_line(memory, request->name, source_line_number(source), str_text(&line));
    str_free(&line);
    bool good = source_is_good(source);
    if (!good)
        str_printf(request->why, "read %s: %s", request->name, strerror(errno));
    source_close(source);
    if (good)
        return memory;
    memory_close(memory);
    return NULL;
}

const struct table_type table_inline = {
    .name = "inline", .suffix = "", .fixed = true, .open = inline_open, .close = memory_close, .find = memory_find,
    .next = memory_next,
};

const struct table_type table_texthash = {
    .name = "texthash", .suffix = "", .fixed = true, .open = texthash_open, .close = memory_close, .find = memory_find,
    .next = memory_next,
};

const struct table_type table_internal = {
    .name = "internal", .suffix = "", .fixed = true, .writable = true, .open = internal_open, .close = memory_close,
    .find = memory_find, .put = memory_put, .remove = memory_remove, .next = memory_next,
};
