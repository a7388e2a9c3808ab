#include "util/table/match_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/arena.h"
#include "util/base/brace.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/net/ip_address.h"
#include "util/table/source.h"

enum { DEEPEST = 16 }; /* a /file/name in a /file/name ... */

enum kind {
    KIND_TEXT,    /* a name or an address as text */
    KIND_NETWORK, /* an address or net/mask; also compared as text */
    KIND_TABLE,
    KIND_BAD,     /* can't be understood: whoever gets so far fails */
};

struct pattern {
    enum kind kind;
    bool negated;
    const char *text;
    const char *why; /* KIND_BAD */
    struct ip_network network;
    struct table *table;
};

struct match_list {
    struct arena *arena;
    const struct config *config;
    const char *title;
    bool parent; /* a domain matches its subdomains too */
    struct pattern *pattern;
    size_t count;
};

static struct pattern *add_pattern(struct match_list *list, enum kind kind, const char *text, bool negated)
{
    list->pattern = memory_resize(list->pattern, list->count + 1, sizeof(struct pattern));
    struct pattern *pattern = &list->pattern[list->count++];
    *pattern = (struct pattern){ .kind = kind, .negated = negated, .text = arena_copy_text(list->arena, text) };
    return pattern;
}

/* Of hexadecimal digits and what else an address or net/mask has. */
static bool looks_like_network(const char *text)
{
    return text[strspn(text, "0123456789abcdefABCDEF.:/[]")] == '\0';
}

static void add_text(struct match_list *list, const char *text, bool negated)
{
    struct pattern *pattern = add_pattern(list, KIND_TEXT, text, negated);
    struct str why = {0};

    if (!looks_like_network(text))
        return;
    if (ip_network_parse(text, &pattern->network, &why)) {
        pattern->kind = KIND_NETWORK;
    } else if (strchr(text, '/') != NULL || text[0] == '[') {
        pattern->kind = KIND_BAD;
        pattern->why = arena_copy_text(list->arena, str_text(&why));
    }
    str_free(&why);
}

static void add_words(struct match_list *list, const char *words, bool negated, unsigned depth);

static void add_file(struct match_list *list, const char *name, bool negated, unsigned depth)
{
    struct source *source = depth < DEEPEST ? source_open(name) : NULL;
    struct str line = {0};

    if (source == NULL) {
        log_error("open file %s: %s", name, depth < DEEPEST ? strerror(errno) : "files are nested too deeply");
        struct pattern *pattern = add_pattern(list, KIND_BAD, name, negated);
        pattern->why = arena_printf(list->arena, "%s: table lookup problem", name);
        return;
    }
    while (source_next(source, &line))
        add_words(list, str_text(&line), negated, depth + 1);
    str_free(&line);
    source_close(source);
}

static void add_words(struct match_list *list, const char *words, bool negated, unsigned depth)
{
    struct str word = {0};

    while (brace_next_word(&words, TEXT_LIST_SEPARATORS, &word)) {
        const char *text = str_text(&word);
        bool reversed = negated;
        if (*text == '#') {
            log_warning("%s: comment at end of line is not supported: %s%s", list->title, text, words);
            break;
        }
        for (; *text == '!'; text++)
            reversed = !reversed;
        if (*text == '\0')
            log_warning("%s: no pattern after '!'", list->title);
        else if (*text == '/')
            add_file(list, text, reversed, depth);
        else if (strchr(text, ':') != NULL && *text != '[')
            add_pattern(list, KIND_TABLE, text, reversed)->table = table_open(list->config, text, TABLE_FOLD | TABLE_UTF8);
        else
            add_text(list, text, reversed);
    }
    str_free(&word);
}

struct match_list *match_list_open(const struct config *config, const char *title, const char *patterns)
{
    struct match_list *list = memory_new(struct match_list);

    list->arena = arena_new();
    list->config = config;
    list->title = arena_copy_text(list->arena, title);
    list->parent = config != NULL && text_list_has(config->parent_domain_matches_subdomains, title);
    add_words(list, patterns, false, 0);
    return list;
}

void match_list_close(struct match_list *list)
{
    if (list == NULL)
        return;
    for (size_t i = 0; i < list->count; i++)
        table_close(list->pattern[i].table);
    free(list->pattern);
    arena_free(list->arena);
    free(list);
}

const char *match_list_flaw(const struct match_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->pattern[i].kind == KIND_BAD)
            return list->pattern[i].why;
    }
    return NULL;
}

bool match_list_is_empty(const struct match_list *list)
{
    return list == NULL || list->count == 0;
}

bool match_list_may_wait(const struct match_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->pattern[i].kind == KIND_TABLE && table_may_wait(list->pattern[i].table))
            return true;
    }
    return false;
}

bool match_list_has_changed(struct match_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->pattern[i].kind == KIND_TABLE && table_has_changed(list->pattern[i].table))
            return true;
    }
    return false;
}

static enum table_result ask_table(const struct match_list *list, const struct pattern *pattern, const char *key,
    struct str *value)
{
    enum table_result result = table_find(pattern->table, key, value);

    if (result == TABLE_FAILED)
        log_warning("%s: %s: table lookup problem", list->title, pattern->text);
    return result;
}

/* The name itself, then its parents: "example.com" where parents match anyway, else ".example.com". */
static enum table_result ask_table_for_name(const struct match_list *list, const struct pattern *pattern, const char *name,
    struct str *value)
{
    enum table_result result = ask_table(list, pattern, name, value);

    for (const char *dot = name; result == TABLE_ABSENT && table_is_fixed(pattern->table);) {
        dot = dot[0] == '\0' ? NULL : strchr(dot + 1, '.');
        if (dot == NULL || dot[1] == '\0')
            break;
        result = ask_table(list, pattern, list->parent ? dot + 1 : dot, value);
    }
    return result;
}

static bool name_matches(const struct match_list *list, const char *pattern, const char *name)
{
    if (text_equal_nocase(pattern, name))
        return true;
    if (!list->parent)
        return pattern[0] == '.' && pattern[1] != '\0' && text_ends_with_nocase(name, pattern);
    size_t name_length = strlen(name);
    size_t length = strlen(pattern);
    return length > 0 && name_length > length && name[name_length - length - 1] == '.'
        && text_ends_with_nocase(name, pattern);
}

static enum table_result complain(const struct match_list *list, const struct pattern *pattern)
{
    log_warning("%s: %s", list->title, pattern->why);
    return TABLE_FAILED;
}

static enum table_result match_name(const struct match_list *list, const struct pattern *pattern, const char *name,
    struct str *value)
{
    if (pattern->kind == KIND_TABLE)
        return ask_table_for_name(list, pattern, name, value);
    return name_matches(list, pattern->text, name) ? TABLE_FOUND : TABLE_ABSENT;
}

static enum table_result match_address(const struct match_list *list, const struct pattern *pattern, const char *text,
    const struct ip_address *address, struct str *value)
{
    switch (pattern->kind) {
    case KIND_TABLE:
        return ask_table(list, pattern, text, value);
    case KIND_BAD: /* brackets are for IPv6 */
        return pattern->text[0] == '[' && strchr(text, ':') == NULL ? TABLE_ABSENT : complain(list, pattern);
    case KIND_NETWORK:
        return address != NULL && ip_network_has(&pattern->network, address) ? TABLE_FOUND : TABLE_ABSENT;
    case KIND_TEXT:
        return text_equal_nocase(pattern->text, text) ? TABLE_FOUND : TABLE_ABSENT;
    }
    return TABLE_ABSENT;
}

/* What a pattern's answer means for the list; false: go on with the next one. */
static bool decide(const struct pattern *pattern, enum table_result *result)
{
    if (*result == TABLE_FOUND && pattern->negated)
        *result = TABLE_ABSENT;
    else if (*result == TABLE_ABSENT)
        return false;
    return true;
}

enum table_result match_list_domain(struct match_list *list, const char *domain, struct str *value)
{
    struct str scratch = {0};
    enum table_result result = TABLE_ABSENT;

    if (list == NULL)
        return TABLE_ABSENT;
    if (value != NULL)
        str_clear(value);
    for (size_t i = 0; i < list->count; i++) {
        const struct pattern *pattern = &list->pattern[i];
        bool unreadable = pattern->kind == KIND_BAD && pattern->text[0] == '/';
        result = unreadable ? complain(list, pattern) : match_name(list, pattern, domain, &scratch);
        if (result == TABLE_FOUND && value != NULL && pattern->kind == KIND_TABLE)
            str_set(value, str_text(&scratch));
        if (decide(pattern, &result))
            break;
    }
    str_free(&scratch);
    return result;
}

enum table_result match_list_client(struct match_list *list, const char *name, const char *address)
{
    struct str scratch = {0};
    struct ip_address parsed;
    enum table_result result = TABLE_ABSENT;

    if (list == NULL)
        return TABLE_ABSENT;
    bool is_address = ip_address_parse(address, &parsed);
    for (size_t i = 0; i < list->count; i++) {
        const struct pattern *pattern = &list->pattern[i];
        result = match_name(list, pattern, name, &scratch);
        if (result == TABLE_ABSENT)
            result = match_address(list, pattern, address, is_address ? &parsed : NULL, &scratch);
        if (decide(pattern, &result))
            break;
    }
    str_free(&scratch);
    return result;
}

enum table_result match_list_text(struct match_list *list, const char *text)
{
    struct str scratch = {0};
    enum table_result result = TABLE_ABSENT;

    if (list == NULL)
        return TABLE_ABSENT;
    for (size_t i = 0; i < list->count; i++) {
        const struct pattern *pattern = &list->pattern[i];
        if (pattern->kind == KIND_TABLE)
            result = ask_table(list, pattern, text, &scratch);
        else if (pattern->kind == KIND_BAD && pattern->text[0] == '/')
            result = complain(list, pattern);
        else
            result = text_equal_nocase(pattern->text, text) ? TABLE_FOUND : TABLE_ABSENT;
        if (decide(pattern, &result))
            break;
    }
    str_free(&scratch);
    return result;
}
