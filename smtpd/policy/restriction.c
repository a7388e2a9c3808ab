#include "smtpd/policy/restriction.h"

#include <string.h>
#include <strings.h>

#include "smtpd/policy/policy_service.h"
#include "util/base/brace.h"
#include "util/base/memory.h"
#include "util/base/number.h"
#include "util/base/text.h"
#include "util/log/log.h"

enum { MAX_CLASS_DEPTH = 20 };

static struct restriction_list *parse(struct restriction_parser *parser, struct arena *arena, const char *title,
    const char *text, const struct restriction_context *context, bool from_table, int depth);

/* The next word; braces protect blanks and commas anywhere in it ("inline:{a=b, c=d}"). */
static bool next_word(const char **cursor, struct arena *arena, const char **word)
{
    const char *start = *cursor + strspn(*cursor, TEXT_LIST_SEPARATORS);
    const char *at = start;
    int depth = 0;

    for (; *at != '\0' && (depth > 0 || strchr(TEXT_LIST_SEPARATORS, *at) == NULL); at++) {
        if (*at == '{')
            depth++;
        else if (*at == '}' && depth > 0)
            depth--;
    }
    *cursor = at;
    *word = arena_copy_bytes(arena, start, (size_t)(at - start));
    return at > start;
}

static struct table *open_table(struct restriction_parser *parser, const char *name)
{
    for (size_t i = 0; i < parser->table_count; i++) {
        if (text_equal(table_name(parser->tables[i]), name))
            return parser->tables[i];
    }
    if (parser->table_count == COUNT_OF(parser->tables))
        log_fatal("too many lookup tables in restriction lists");
    struct table *table = table_open(parser->config, name,
        TABLE_FOLD | (parser->config->smtputf8_enable ? TABLE_UTF8 : 0));
    parser->tables[parser->table_count++] = table;
    return table;
}

/* Each endpoint with its settings has one connection. */
static struct policy_service *open_service(struct restriction_parser *parser, const char *text)
{
    for (size_t i = 0; i < parser->service_count; i++) {
        if (text_equal(policy_service_text(parser->services[i]), text))
            return parser->services[i];
    }
    if (parser->service_count == COUNT_OF(parser->services))
        log_fatal("too many policy services in restriction lists");
    struct policy_service *service = policy_service_open(parser->config, text);
    parser->services[parser->service_count++] = service;
    return service;
}

static struct restriction_list *find_class(struct restriction_parser *parser, const char *name,
    const struct restriction_context *context, int depth)
{
    if (!text_list_has(parser->config->smtpd_restriction_classes, name))
        return NULL;
    for (size_t i = 0; i < parser->class_count; i++) {
        if (parser->classes[i]->context == context && text_equal(parser->classes[i]->title, name))
            return parser->classes[i];
    }
    if (parser->class_count == COUNT_OF(parser->classes))
        log_fatal("too many restriction classes");
    const char *text = config_value(parser->config, name);
    if (text == NULL) {
        log_warning("restriction class \"%s\" has no definition", name);
        text = "";
    }
    /* Entered before its text is read, so that a class that names itself finds this entry. */
    struct restriction_list *list = arena_allocate(parser->arena, sizeof(*list));
    list->context = context;
    list->title = arena_copy_text(parser->arena, name);
    parser->classes[parser->class_count++] = list;
    *list = *parse(parser, parser->arena, list->title, text, context, false, depth + 1);
    return list;
}

static bool is_table_argument(const char *text)
{
    const char *colon = strchr(text, ':');

    return colon != NULL && colon > text;
}

static bool is_search_order(const char *list)
{
    static const char *const known[] = { "cert_fingerprint", "pubkey_fingerprint" };
    const char *word;
    size_t length;

    while (text_next_word(&list, TEXT_LIST_SEPARATORS, &word, &length)) {
        size_t i = 0;
        while (i < COUNT_OF(known) && (strlen(known[i]) != length || strncasecmp(known[i], word, length) != 0))
            i++;
        if (i == COUNT_OF(known))
            return false;
    }
    return true;
}

/* "{ type:table, { search_order = ... } }". False: not of that form. */
static bool take_ordered_table(struct restriction_parser *parser, struct arena *arena, const char *argument,
    struct restriction *item)
{
    struct str inner = {0};
    struct str word = {0};
    struct str setting = {0};
    struct str why = {0};
    bool good = brace_content(argument, &inner, &why);
    const char *cursor = str_text(&inner);

    good = good && brace_next_word(&cursor, TEXT_LIST_SEPARATORS, &word) && is_table_argument(str_text(&word));
    if (good)
        item->table = open_table(parser, arena_copy_text(arena, str_text(&word)));
    while (good && brace_next_word(&cursor, TEXT_LIST_SEPARATORS, &word)) {
        good = brace_content(str_text(&word), &setting, &why);
        const char *value = strchr(str_text(&setting), '=');
        good = good && value != NULL && text_starts_with_nocase(str_text(&setting), "search_order") && is_search_order(value + 1);
        if (good)
            item->search_order = arena_copy_text(arena, value + 1);
    }
    str_free(&inner);
    str_free(&word);
    str_free(&setting);
    str_free(&why);
    return good;
}

/* argument: NULL when there is none. False: the flaw says what is wrong with it. */
static bool take_table(struct restriction_parser *parser, struct arena *arena, const char *argument, struct restriction *item)
{
    bool may_be_braced = item->type->argument == ARGUMENT_ORDERED_TABLE;

    if (may_be_braced && argument != NULL && *argument == '{') {
        if (take_ordered_table(parser, arena, argument, item))
            return true;
    } else if (argument != NULL && is_table_argument(argument)) {
        item->table = open_table(parser, argument);
        return true;
    }
    item->flaw = arena_printf(arena, "restriction %s: bad argument \"%s\": need maptype:mapname", item->name,
        argument != NULL ? argument : may_be_braced ? "" : item->name);
    return false;
}

static bool take_service(struct restriction_parser *parser, struct arena *arena, const char *argument,
    struct restriction *item)
{
    if (argument == NULL || (*argument != '{' && !is_table_argument(argument))) {
        item->flaw = arena_printf(arena, "restriction %s must be followed by transport:server", item->name);
        return false;
    }
    item->service = open_service(parser, argument);
    if (policy_service_flaw(item->service) != NULL)
        item->flaw = arena_printf(arena, "restriction %s: %s", item->name, policy_service_flaw(item->service));
    return true;
}

/* Takes the argument that the type wants from the text; sets the flaw when there is none. */
static void take_argument(struct restriction_parser *parser, struct arena *arena, const char **cursor,
    struct restriction *item)
{
    const char *word;
    const char *peek = *cursor;
    const char *argument = next_word(&peek, arena, &word) ? word : NULL;
    bool good = argument != NULL;
    int64_t number;

    switch (item->type->argument) {
    case ARGUMENT_NONE:
        return;
    case ARGUMENT_TABLE:
    case ARGUMENT_ORDERED_TABLE:
        good = take_table(parser, arena, argument, item);
        break;
    case ARGUMENT_NUMBER:
        good = good && number_parse_i64(argument, 0, 100000, &number);
        if (!good)
            item->flaw = arena_printf(arena, "restriction %s must be followed by number", item->name);
        break;
    case ARGUMENT_DOMAIN:
        if (!good)
            item->flaw = arena_printf(arena, "restriction %s requires domain name argument", item->name);
        break;
    case ARGUMENT_SERVICE:
        good = take_service(parser, arena, argument, item);
        break;
    }
    if (good)
        item->argument = argument;
    if (good || item->type->argument == ARGUMENT_ORDERED_TABLE)
        *cursor = peek;
}

static void parse_bare_table(struct restriction_parser *parser, struct arena *arena,
    const struct restriction_context *context, struct restriction *item)
{
    if (context->implied == NULL) {
        item->flaw = arena_printf(arena, "specify one of (check_client_access, check_reverse_client_hostname_access, "
            "check_helo_access, check_sender_access, check_recipient_access, check_etrn_access) before %s restriction \"%s\"",
            context->what, item->name);
        return;
    }
    item->type = parser->find_type(context->implied);
    item->argument = item->name;
    item->table = open_table(parser, item->name);
    item->name = context->implied;
}

static void parse_item(struct restriction_parser *parser, struct arena *arena, const char *name,
    const struct restriction_context *context, const char **cursor, int depth, struct restriction *item)
{
    *item = (struct restriction){ .name = name };
    if (is_table_argument(name)) {
        parse_bare_table(parser, arena, context, item);
        return;
    }
    item->type = parser->find_type(name);
    if (item->type != NULL) {
        take_argument(parser, arena, cursor, item);
        return;
    }
    if (depth < MAX_CLASS_DEPTH)
        item->class = find_class(parser, name, context, depth);
    if (item->class == NULL)
        item->flaw = arena_printf(arena, "unknown smtpd restriction: \"%s\"", name);
}

static size_t count_words(const char *text, struct arena *arena)
{
    const char *word;
    size_t count = 0;

    while (next_word(&text, arena, &word))
        count++;
    return count;
}

static struct restriction_list *parse(struct restriction_parser *parser, struct arena *arena, const char *title,
    const char *text, const struct restriction_context *context, bool from_table, int depth)
{
    struct restriction_list *list = arena_allocate(arena, sizeof(*list));
    const char *cursor = text;
    const char *word;

    list->context = context;
    list->title = title;
    list->items = arena_allocate(arena, (count_words(text, arena) + 1) * sizeof(*list->items));
    while (next_word(&cursor, arena, &word)) {
        struct restriction *item = &list->items[list->count];
        if (from_table && is_table_argument(word)) {
            *item = (struct restriction){ .name = word, .flaw = "" };
            list->count++;
            break;
        }
        parse_item(parser, arena, word, context, &cursor, depth, item);
        list->count++;
    }
    return list;
}

struct restriction_list *restriction_list_parse(struct restriction_parser *parser, const char *title, const char *text,
    const struct restriction_context *context)
{
    return parse(parser, parser->arena, title, text, context, false, 0);
}

/* Whether text names a lookup table anywhere. */
static bool has_table(const char *text, struct arena *arena)
{
    const char *word;

    while (next_word(&text, arena, &word)) {
        if (is_table_argument(word))
            return true;
    }
    return false;
}

struct restriction_list *restriction_list_parse_action(struct restriction_parser *parser, struct arena *arena,
    const char *title, const char *text, const struct restriction_context *context)
{
    if (has_table(text, arena)) {
        log_warning("access table %s has entry with lookup table: %s", title, text);
        log_warning("do not specify lookup tables inside SMTPD access maps");
        log_warning("define a restriction class and specify its name instead.");
        return NULL;
    }
    return parse(parser, arena, title, text, context, true, 0);
}

bool restriction_is_modifier(const struct restriction *restriction)
{
    return restriction->type != NULL && (restriction->type->flags & RESTRICTION_MODIFIER);
}

const char *restriction_list_ignored(const struct restriction_list *list, size_t at)
{
    const struct restriction *item = &list->items[at];

    return item->type != NULL && (item->type->flags & RESTRICTION_ENDS_LIST) && at + 1 < list->count ? item[1].name : NULL;
}

bool restriction_list_stops_relay(const struct restriction_list *list)
{
    bool is_modified = false;

    for (size_t i = 0; i < list->count; i++) {
        const struct restriction_type *type = list->items[i].type;
        if (type != NULL && (type->flags & RESTRICTION_STOPS_RELAY) && !is_modified)
            return true;
        if (type != NULL && (type->flags & RESTRICTION_ENDS_LIST) && !is_modified)
            return false; /* "permit": nobody gets past it */
        is_modified = restriction_is_modifier(&list->items[i]);
    }
    return false;
}

void restriction_parser_close(struct restriction_parser *parser)
{
    for (size_t i = 0; i < parser->table_count; i++)
        table_close(parser->tables[i]);
    parser->table_count = 0;
    for (size_t i = 0; i < parser->service_count; i++)
        policy_service_close(parser->services[i]);
    parser->service_count = 0;
}

bool restriction_parser_has_changed(struct restriction_parser *parser)
{
    for (size_t i = 0; i < parser->table_count; i++) {
        if (table_has_changed(parser->tables[i]))
            return true;
    }
    return false;
}
