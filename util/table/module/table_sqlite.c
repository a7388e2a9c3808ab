/* posthaste-sqlite.so: sqlite: tables (sqlite_table(5)). Keys never become part of the SQL text: every quoted literal of the
 * query that has an expansion in it, and every expansion outside of quotes, is a bound parameter. */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/arena.h"
#include "util/base/memory.h"
#include "util/base/number.h"
#include "util/log/log.h"
#include "util/table/module/query_template.h"

enum { PARAMETERS_MAX = 64 };

struct sqlite {
    struct arena *arena;
    const char *name;
    sqlite3 *database;
    sqlite3_stmt *statement;
    const char *parameter[PARAMETERS_MAX]; /* templates of what is bound */
    int parameters;
    const char *result_format;
    struct match_list *domains;
    int64_t expansion_limit;
};

static void sqlite_close(void *data)
{
    struct sqlite *sqlite = data;

    (void)sqlite3_finalize(sqlite->statement); /* repeats the error of the last step */
    if (sqlite3_close(sqlite->database) != SQLITE_OK)
        log_warning("close %s: %s", sqlite->name, sqlite3_errmsg(sqlite->database));
    match_list_close(sqlite->domains);
    arena_free(sqlite->arena);
    free(sqlite);
}

static bool has_expansion(const char *text, size_t length)
{
    for (size_t i = 0; i + 1 < length; i++) {
        if (text[i] == '%' && text[++i] != '%')
            return true;
    }
    return false;
}

static bool add_parameter(struct sqlite *sqlite, const char *text, size_t length, struct str *sql)
{
    if (sqlite->parameters == PARAMETERS_MAX)
        return false;
    sqlite->parameter[sqlite->parameters++] = arena_copy_bytes(sqlite->arena, text, length);
    str_put_char(sql, '?');
    return true;
}

/* 'text' in the query: to its closing quote; two quotes in a row are one in the text. */
static size_t literal_length(const char *text, struct str *content)
{
    size_t at = 1;

    str_clear(content);
    for (; text[at] != '\0'; at++) {
        if (text[at] == '\'' && text[at + 1] != '\'')
            return at + 1;
        if (text[at] == '\'')
            at++;
        str_put_char(content, text[at]);
    }
    return at;
}

/* The SQL text with ? for what depends on the key. */
static bool parse_query(struct sqlite *sqlite, const char *query, struct str *sql)
{
    struct str content = {0};
    bool good = true;

    while (*query != '\0' && good) {
        size_t length = 1;
        if (*query == '\'') {
            length = literal_length(query, &content);
            if (has_expansion(str_text(&content), content.length))
                good = add_parameter(sqlite, str_text(&content), content.length, sql);
            else
                str_put_bytes(sql, query, length);
        } else if (*query == '%' && query[1] != '\0') {
            length = 2;
            if (query[1] == '%')
                str_put_char(sql, '%');
            else
                good = add_parameter(sqlite, query, 2, sql);
        } else {
            str_put_char(sql, *query);
        }
        query += length;
    }
    str_free(&content);
    return good;
}

static bool prepare(struct sqlite *sqlite, const struct table_request *request, const struct query_settings *settings)
{
    const char *path = query_settings_get(settings, "dbpath", "");
    const char *query = query_settings_get(settings, "query", NULL);
    struct str sql = {0};
    bool good = false;

    if (query == NULL)
        query = arena_printf(sqlite->arena, "SELECT %s FROM %s WHERE %s = '%%s' %s",
            query_settings_get(settings, "select_field", ""), query_settings_get(settings, "table", ""),
            query_settings_get(settings, "where_field", ""), query_settings_get(settings, "additional_conditions", ""));
    if (sqlite3_open_v2(path, &sqlite->database, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        str_printf(request->why, "%s:%s: Can't open database: %s", request->type, request->name,
            sqlite3_errmsg(sqlite->database));
    else if (!parse_query(sqlite, query, &sql))
        str_printf(request->why, "%s:%s: too many expansions in the query", request->type, request->name);
    else if (sqlite3_prepare_v2(sqlite->database, str_text(&sql), -1, &sqlite->statement, NULL) != SQLITE_OK)
        str_printf(request->why, "%s:%s: query: %s", request->type, request->name, sqlite3_errmsg(sqlite->database));
    else
        good = true;
    str_free(&sql);
    return good;
}

static void *sqlite_open(const struct table_request *request)
{
    struct sqlite *sqlite = memory_new(struct sqlite);
    struct query_settings *settings;

    sqlite->arena = arena_new();
    sqlite->name = arena_copy_text(sqlite->arena, request->name);
    if (!query_settings_read(sqlite->arena, request, &settings) || !prepare(sqlite, request, settings)) {
        sqlite_close(sqlite);
        return NULL;
    }
    sqlite->result_format = query_settings_get(settings, "result_format", "%s");
    sqlite->domains = match_list_open(request->config, "domain", query_settings_get(settings, "domain", ""));
    const char *limit = query_settings_get(settings, "expansion_limit", "0");
    if (!number_parse_i64(limit, 0, INT32_MAX, &sqlite->expansion_limit))
        log_warning("sqlite:%s: bad expansion_limit: %s", request->name, limit);
    return sqlite;
}

/* False: the key lacks a part that the query asks for. */
static bool bind(struct sqlite *sqlite, const char *key)
{
    struct str text = {0};
    bool good = true;

    for (int i = 0; i < sqlite->parameters && good; i++) {
        str_clear(&text);
        good = query_template_fill(sqlite->parameter[i], key, key, NULL, NULL, &text)
            && sqlite3_bind_text(sqlite->statement, i + 1, str_text(&text), (int)text.length, SQLITE_TRANSIENT) == SQLITE_OK;
    }
    str_free(&text);
    return good;
}

static enum table_result sqlite_find(void *data, const char *key, struct str *value)
{
    struct sqlite *sqlite = data;
    enum table_result wanted = query_template_wanted(sqlite->domains, key);
    int64_t count = 0;
    int step = SQLITE_DONE;
    bool within = true;

    if (wanted != TABLE_FOUND || !bind(sqlite, key))
        return wanted == TABLE_FAILED ? TABLE_FAILED : TABLE_ABSENT;
    while (within && (step = sqlite3_step(sqlite->statement)) == SQLITE_ROW) {
        const char *result = (const char *)sqlite3_column_text(sqlite->statement, 0);
        within = query_template_add(sqlite->result_format, result, key, sqlite->expansion_limit, &count, value);
    }
    if (!within)
        log_warning("sqlite:%s: Expansion limit exceeded for key '%s'", sqlite->name, key);
    else if (step != SQLITE_DONE)
        log_warning("sqlite:%s: %s", sqlite->name, sqlite3_errmsg(sqlite->database));
    (void)sqlite3_reset(sqlite->statement); /* repeats the error of the last step */
    (void)sqlite3_clear_bindings(sqlite->statement); /* can't fail */
    if (!within || step != SQLITE_DONE) {
        str_clear(value);
        return TABLE_FAILED;
    }
    return value->length > 0 ? TABLE_FOUND : TABLE_ABSENT;
}

extern const struct table_type table_type_sqlite;
const struct table_type table_type_sqlite = {
    .build = TABLE_TYPE_BUILD, .name = "sqlite", .suffix = "", .fixed = true, .open = sqlite_open, .close = sqlite_close, .find = sqlite_find,
};
