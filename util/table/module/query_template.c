#include "util/table/module/query_template.h"

#include <errno.h>
#include <string.h>

#include "util/base/text.h"
#include "util/table/source.h"

struct setting {
    struct setting *next;
    const char *name;
    const char *value;
};

struct query_settings {
    struct arena *arena;
    const struct config *config;
    const char *prefix; /* of parameters in main.cf; NULL: a file was read */
    struct setting *settings;
};

static void add_line(struct query_settings *settings, const char *line)
{
    const char *equals = strchr(line, '=');

    if (equals == NULL)
        return;
    size_t length = (size_t)(equals - line);
    while (length > 0 && text_is_space(line[length - 1]))
        length--;
    equals++;
    while (text_is_space(*equals))
        equals++;
    struct setting *setting = arena_allocate(settings->arena, sizeof(*setting));
    setting->name = arena_copy_bytes(settings->arena, line, length);
    setting->value = arena_copy_text(settings->arena, equals);
    setting->next = settings->settings; /* the last one of a name wins */
    settings->settings = setting;
}

bool query_settings_read(struct arena *arena, const struct table_request *request, struct query_settings **result)
{
    struct query_settings *settings = arena_allocate(arena, sizeof(*settings));
    struct str line = {0};

    *result = settings;
    settings->arena = arena;
    settings->config = request->config;
    if (request->name[0] != '/' && request->name[0] != '.') {
        settings->prefix = arena_copy_text(arena, request->name);
        return true;
    }
    struct source *source = source_open(request->name);
    if (source == NULL) {
        str_printf(request->why, "open %s: %s", request->name, strerror(errno));
        return false;
    }
    while (source_next(source, &line))
        add_line(settings, str_text(&line));
    str_free(&line);
    source_close(source);
    return true;
}

const char *query_settings_get(const struct query_settings *settings, const char *name, const char *otherwise)
{
    const char *value = NULL;

    if (settings->prefix != NULL && settings->config != NULL)
        value = config_value(settings->config, arena_printf(settings->arena, "%s_%s", settings->prefix, name));
    for (const struct setting *at = settings->settings; at != NULL && value == NULL; at = at->next) {
        if (text_equal(at->name, name))
            value = at->value;
    }
    return value != NULL ? value : otherwise;
}

/* A part of an address: 's' whole, 'u' local part, 'd' domain. False: there is none. */
static bool take_part(char which, const char *address, struct str *part)
{
    const char *at = strrchr(address, '@');

    str_clear(part);
    if (which == 's') {
        str_put(part, address);
    } else if (which == 'u') {
        str_put_bytes(part, address, at == NULL ? strlen(address) : (size_t)(at - address));
        return part->length > 0;
    } else {
        if (at == NULL || at[1] == '\0')
            return false;
        str_put(part, at + 1);
    }
    return true;
}

/* The nth label of the key's domain, counted from the right. */
static bool take_label(int number, const char *key, struct str *part)
{
    const char *at = strrchr(key, '@');
    const char *start = at == NULL ? "" : at + 1;
    const char *end = start + strlen(start);

    str_clear(part);
    for (;;) {
        const char *label = end;
        while (label > start && label[-1] != '.')
            label--;
        if (--number == 0) {
            str_put_bytes(part, label, (size_t)(end - label));
            return part->length > 0;
        }
        if (label == start)
            return false;
        end = label - 1;
    }
}

static bool take(char letter, const char *value, const char *key, struct str *part)
{
    if (letter >= '1' && letter <= '9')
        return take_label(letter - '0', key, part);
    if (strchr("sud", letter) != NULL)
        return take_part(letter, value, part);
    return take_part(text_lower_char(letter), key, part);
}

bool query_template_fill(const char *template, const char *value, const char *key, query_quote *quote, void *context,
    struct str *out)
{
    struct str part = {0};
    bool good = true;

    for (; *template != '\0' && good; template++) {
        if (*template != '%' || template[1] == '\0') {
            str_put_char(out, *template);
            continue;
        }
        template++;
        if (strchr("sudSUD123456789", *template) == NULL) {
            str_put_char(out, *template); /* %% */
            continue;
        }
        good = take(*template, value, key, &part);
        if (good && quote != NULL)
            quote(context, str_text(&part), out);
        else if (good)
            str_put(out, str_text(&part));
    }
    str_free(&part);
    return good;
}

enum table_result query_template_wanted(struct match_list *domains, const char *key)
{
    const char *at = strrchr(key, '@');

    if (match_list_is_empty(domains))
        return TABLE_FOUND;
    if (at == NULL || at == key || at[1] == '\0')
        return TABLE_ABSENT;
    return match_list_domain(domains, at + 1, NULL);
}

bool query_template_add(const char *format, const char *result, const char *key, int64_t limit, int64_t *count,
    struct str *value)
{
    struct str text = {0};
    bool within = true;

    if (result != NULL && *result != '\0' && query_template_fill(format, result, key, NULL, NULL, &text)) {
        within = limit == 0 || ++*count <= limit;
        if (within && value->length > 0)
            str_put_char(value, ',');
        if (within)
            str_put(value, str_text(&text));
    }
    str_free(&text);
    return within;
}
