#include "util/table/table.h"

#include <stdlib.h>
#include <string.h>

#include "util/base/fold.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/table/file_value.h"
#include "util/table/table_proxy.h"
#include "util/table/table_types.h"

struct table {
    const struct table_type *type; /* NULL: unavailable */
    void *data;
    char *name;
    char *data_name;
    char *why; /* unavailable because ... */
    unsigned flags;
    struct str key; /* scratch: the folded key */
};

/* Opens type:name, or says in *why what is wrong. */
static void open_type(struct table *table, const struct config *config, const char *type_name, struct str *why)
{
    const char *colon = strchr(type_name, ':');

    if (colon == NULL || colon == type_name || colon[1] == '\0') {
        str_printf(why, "open dictionary: expecting \"type:name\" form instead of \"%s\"", type_name);
        return;
    }
    char *type = memory_copy_bytes(type_name, (size_t)(colon - type_name));
    const struct table_type *found = table_types_find(config, type);
    struct table_request request = { .config = config, .type = type, .name = colon + 1, .flags = table->flags, .why = why };
    if (found == NULL) {
        str_printf(why, "unsupported dictionary type: %s", type);
    } else if ((table->flags & TABLE_WRITE) && !found->writable) {
        str_printf(why, "%s map requires O_RDONLY access mode", type_name);
    } else {
        table->data = found->open(&request);
        if (table->data != NULL)
            table->type = found;
        struct str data_name = {0};
        str_printf(&data_name, "%s%s", type_name, found->suffix);
        table->data_name = str_take(&data_name);
    }
    free(type);
}

static const char proxy[] = "proxy:";

struct table *table_open(const struct config *config, const char *type_name, unsigned flags)
{
    struct table *table = memory_new(struct table);
    struct str why = {0};

    if (text_starts_with(type_name, proxy)
        && (config == NULL || !table_proxy_is_asked(type_name + strlen(proxy), flags)))
        type_name += strlen(proxy);
    table->name = memory_copy_text(type_name);
    table->flags = flags;
    if (config != NULL && !config->smtputf8_enable)
        table->flags &= ~(unsigned)TABLE_UTF8;
    open_type(table, config, type_name, &why);
    if (table->type == NULL) {
        table->why = str_take(&why);
        if (!(flags & TABLE_QUIET) && config != NULL && config->daemon_table_open_error_is_fatal)
            log_fatal("%s", table->why);
        if (!(flags & TABLE_QUIET))
            log_error("%s", table->why);
    }
    str_free(&why);
    return table;
}

void table_close(struct table *table)
{
    if (table == NULL)
        return;
    if (table->type != NULL)
        table->type->close(table->data);
    free(table->name);
    free(table->data_name);
    free(table->why);
    str_free(&table->key);
    free(table);
}

const char *table_name(const struct table *table)
{
    return table->name;
}

const char *table_data_name(const struct table *table)
{
    return table->data_name != NULL ? table->data_name : table->name;
}

const char *table_why_unavailable(const struct table *table)
{
    return table->why;
}

bool table_is_fixed(const struct table *table)
{
    if (table->type == NULL)
        return true;
    return table->type->is_fixed != NULL ? table->type->is_fixed(table->data) : table->type->fixed;
}

bool table_may_wait(const struct table *table)
{
    if (table->type == NULL)
        return false;
    return table->type->data_may_wait != NULL ? table->type->data_may_wait(table->data) : table->type->may_wait;
}

bool table_has_changed(struct table *table)
{
    return table->type != NULL && table->type->has_changed != NULL && table->type->has_changed(table->data);
}

bool table_can_list(const struct table *table)
{
    /* proxymap tells entries only to those who may change them. */
    return table->type != NULL && table->type->next != NULL && (table->type != &table_proxy || (table->flags & TABLE_WRITE));
}

/* A byte string is put into a log line at most this far; the log makes it printable. */
static bool is_utf8(const char *text)
{
    return text_is_utf8(text, strlen(text));
}

/* The key as the type wants it; NULL (and a warning): it can't be in any table. */
static const char *prepare_key(struct table *table, const char *key)
{
    if ((table->flags & TABLE_UTF8) && !is_utf8(key)) {
        log_warning("%s: non-UTF-8 key \"%s\": malformed UTF-8 or invalid codepoint", table_data_name(table), key);
        return NULL;
    }
    if (!(table->flags & TABLE_FOLD) || !table->type->fixed)
        return key;
    str_clear(&table->key);
    fold_put(&table->key, key, strlen(key), (table->flags & TABLE_UTF8) != 0);
    return str_text(&table->key);
}

static enum table_result unavailable(const struct table *table, struct str *value)
{
    log_warning("%s is unavailable. %s", table->name, table->why);
    str_set(value, table->why);
    return TABLE_FAILED;
}

static bool decode_value(const struct table *table, const char *key, struct str *value)
{
    bool good = file_value_decode(value);

    if (!good)
        log_warning("table %s: key %s: malformed BASE64 value: %s", table_data_name(table), key, str_text(value));
    return good;
}

static enum table_result check_value(const struct table *table, const char *key, struct str *value)
{
    if ((table->flags & TABLE_UTF8) && !text_is_utf8(str_text(value), value->length)) {
        log_warning("%s: key \"%s\": non-UTF-8 value \"%s\": malformed UTF-8 or invalid codepoint", table_data_name(table),
            key, str_text(value));
        str_clear(value);
        return TABLE_FAILED;
    }
    if ((table->flags & TABLE_FILE_VALUES) && !decode_value(table, key, value)) {
        str_clear(value);
        return TABLE_FAILED;
    }
    return TABLE_FOUND;
}

enum table_result table_find(struct table *table, const char *key, struct str *value)
{
    str_clear(value);
    if (table->type == NULL)
        return unavailable(table, value);
    const char *prepared = prepare_key(table, key);
    if (prepared == NULL)
        return TABLE_ABSENT;
    enum table_result result = table->type->find(table->data, prepared, value);
    return result == TABLE_FOUND ? check_value(table, key, value) : result;
}

enum table_put_result table_put(struct table *table, const char *key, const char *value, bool replace, struct str *why)
{
    str_clear(why);
    if (table->type == NULL || table->type->put == NULL) {
        str_set(why, table->type == NULL ? table->why : "write operation is not supported");
        return TABLE_PUT_FAILED;
    }
    const char *prepared = prepare_key(table, key);
    if (prepared == NULL || ((table->flags & TABLE_UTF8) && !is_utf8(value))) {
        str_set(why, "not UTF-8");
        return TABLE_PUT_FAILED;
    }
    return table->type->put(table->data, prepared, value, replace, why);
}

enum table_result table_remove(struct table *table, const char *key, struct str *why)
{
    str_clear(why);
    if (table->type == NULL || table->type->remove == NULL) {
        str_set(why, table->type == NULL ? table->why : "delete operation is not supported");
        return TABLE_FAILED;
    }
    const char *prepared = prepare_key(table, key);
    return prepared == NULL ? TABLE_ABSENT : table->type->remove(table->data, prepared, why);
}

enum table_result table_next(struct table *table, bool first, struct str *key, struct str *value)
{
    str_clear(key);
    str_clear(value);
    if (table->type == NULL || table->type->next == NULL) {
        str_set(value, table->type == NULL ? table->why : "sequence operation is not supported");
        return TABLE_FAILED;
    }
    enum table_result result;
    while ((result = table->type->next(table->data, first, key, value)) == TABLE_FOUND && (table->flags & TABLE_FILE_VALUES)
        && !decode_value(table, str_text(key), value))
        first = false;
    return result;
}

void table_set_plain(struct table *table)
{
    table->flags &= ~(unsigned)TABLE_FOLD;
    if (table->type != NULL && table->type->set_plain != NULL)
        table->type->set_plain(table->data);
}

bool table_commit(struct table *table, struct str *why)
{
    str_clear(why);
    if (table->type == NULL) {
        str_set(why, table->why);
        return false;
    }
    return table->type->commit == NULL || table->type->commit(table->data, why);
}
