#include "util/table/rules.h"

#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/table/file_value.h"
#include "util/table/source.h"

/* A piece of a result: text, then a group (0: none). */
struct piece {
    struct piece *next;
    const char *text;
    unsigned group;
};

struct rule {
    bool negated;
    bool is_if;
    bool is_endif;
    void *compiled;
    size_t behind_endif; /* of an if: where to go on when it doesn't hold */
    unsigned groups;     /* highest group in the result */
    struct piece *result;
    unsigned line_number;
};

struct rules {
    const struct rules_engine *engine;
    struct arena *arena;
    const char *name;
    unsigned flags;
    struct rule *rule;
    size_t count;
    size_t room;
    size_t *open_ifs; /* indexes of if rules that have no endif yet */
    size_t open_count;
};

__attribute__((format(printf, 3, 4)))
static void complain(const struct rules *rules, unsigned line_number, const char *format, ...)
{
    struct str text = {0};
    va_list arguments;

    va_start(arguments, format);
    str_vprintf(&text, format, arguments);
    va_end(arguments);
    log_warning("%s map %s, line %u: %s", rules->engine->type, rules->name, line_number, str_text(&text));
    str_free(&text);
}

static struct rule *add_rule(struct rules *rules, unsigned line_number)
{
    if (rules->count == rules->room) {
        rules->room = rules->room == 0 ? 32 : rules->room * 2;
        rules->rule = memory_resize(rules->rule, rules->room, sizeof(struct rule));
        rules->open_ifs = memory_resize(rules->open_ifs, rules->room, sizeof(size_t));
    }
    struct rule *rule = &rules->rule[rules->count++];
    *rule = (struct rule){ .line_number = line_number };
    return rule;
}

/* "/pattern/flags": the parts; *rest is behind them. */
struct pattern {
    bool negated;
    char *regexp;
    char *letters;
    const char *rest;
};

static bool flags_are_known(const struct rules *rules, unsigned line_number, const char *letters)
{
    for (; *letters != '\0'; letters++) {
        if (strchr(rules->engine->flags, *letters) == NULL) {
            complain(rules, line_number, "unknown regexp option \"%c\": skipping this rule", *letters);
            return false;
        }
    }
    return true;
}

static const char *closing_delimiter(const char *text, char delimiter)
{
    for (; *text != '\0'; text++) {
        if (*text == '\\' && text[1] != '\0')
            text++;
        else if (*text == delimiter)
            return text;
    }
    return NULL;
}

static bool parse_pattern(struct rules *rules, unsigned line_number, const char *text, struct pattern *pattern)
{
    while (*text == '!' || text_is_space(*text)) {
        if (*text == '!')
            pattern->negated = !pattern->negated;
        text++;
    }
    if (*text == '\0') {
        complain(rules, line_number, "no regexp: skipping this rule");
        return false;
    }
    const char *end = closing_delimiter(text + 1, *text);
    if (end == NULL) {
        complain(rules, line_number, "no closing regexp delimiter \"%c\": %s this rule", *text, rules->engine->verdict);
        return false;
    }
    size_t letters = 0;
    while (end[1 + letters] != '\0' && !text_is_space(end[1 + letters]))
        letters++;
    pattern->regexp = arena_copy_bytes(rules->arena, text + 1, (size_t)(end - text - 1));
    pattern->letters = arena_copy_bytes(rules->arena, end + 1, letters);
    pattern->rest = end + 1 + letters;
    while (text_is_space(*pattern->rest))
        pattern->rest++;
    return flags_are_known(rules, line_number, pattern->letters);
}

/* The name behind a $ at text: "1", "{1}" or "(1)"; *after is behind it. NULL after a warning, which shows the whole text. */
static char *parse_reference(struct arena *arena, const char *whole, const char *text, const char **after)
{
    const char *start = text + 1;
    const char *end = start;

    if (*start == '{' || *start == '(') {
        end = strchr(start, *start == '{' ? '}' : ')');
        if (end == NULL) {
            log_warning("truncated macro reference: \"%s\"", whole);
            return NULL;
        }
        start++;
        *after = end + 1;
    } else {
        while (text_is_alnum(*end) || *end == '_')
            end++;
        *after = end;
    }
    if (end == start) {
        log_warning("empty macro name: \"%s\"", whole);
        return NULL;
    }
    return arena_copy_bytes(arena, start, (size_t)(end - start));
}

/* What became of one reference: a bad index leaves it to the others to be complained of, too. */
enum reference { REFERENCE_GOOD, REFERENCE_BAD, REFERENCE_MALFORMED, REFERENCE_SKIP };

static enum reference check_reference(struct rules *rules, const struct rule *rule, const char *name, unsigned *group)
{
    if (name == NULL)
        return REFERENCE_MALFORMED;
    if (!text_is_digits(name) || strlen(name) > 5) {
        complain(rules, rule->line_number, "non-numeric replacement index \"%s\"", name);
        return REFERENCE_BAD;
    }
    *group = 0;
    for (const char *digit = name; *digit != '\0'; digit++)
        *group = *group * 10 + (unsigned)(*digit - '0');
    if (*group == 0) {
        complain(rules, rule->line_number, "%s replacement index \"%s\"", rules->engine->zero_index, name);
        return REFERENCE_BAD;
    }
    if (rules->flags & TABLE_NO_SUBSTITUTION) {
        complain(rules, rule->line_number, "regular expression substitution is not allowed: skipping this rule");
        return REFERENCE_SKIP;
    }
    if (rule->negated) {
        complain(rules, rule->line_number, "$number found in negative match replacement text: skipping this rule");
        return REFERENCE_SKIP;
    }
    return REFERENCE_GOOD;
}

static struct piece **add_piece(struct rules *rules, struct piece **last, const char *text, size_t length, unsigned group)
{
    struct piece *piece = arena_allocate(rules->arena, sizeof(*piece));

    piece->text = arena_copy_bytes(rules->arena, text, length);
    piece->group = group;
    *last = piece;
    return &piece->next;
}

/* Compiles the result text; false after a warning. groups: how many the pattern has. */
static bool compile_result(struct rules *rules, struct rule *rule, const char *text, unsigned groups)
{
    struct piece **last = &rule->result;
    const char *whole = text;
    const char *dollar;
    bool is_bad = false;

    while ((dollar = strchr(text, '$')) != NULL) {
        if (dollar[1] == '$') {
            last = add_piece(rules, last, text, (size_t)(dollar + 1 - text), 0);
            text = dollar + 2;
            continue;
        }
        const char *after = dollar;
        unsigned group = 0;
        enum reference kind =
            check_reference(rules, rule, parse_reference(rules->arena, whole, dollar, &after), &group);
        if (kind == REFERENCE_SKIP)
            return false;
        is_bad = is_bad || kind != REFERENCE_GOOD;
        if (kind == REFERENCE_MALFORMED)
            break;
        last = add_piece(rules, last, text, (size_t)(dollar - text), group);
        if (group > rule->groups)
            rule->groups = group;
        text = after;
    }
    if (is_bad) {
        complain(rules, rule->line_number, "bad replacement syntax: skipping this rule");
        return false;
    }
    (void)add_piece(rules, last, text, strlen(text), 0); /* the end; nothing follows it */
    if (rule->groups <= groups && rule->groups < RULES_GROUPS)
        return true;
    complain(rules, rule->line_number, "out of range replacement index \"%u\": skipping this rule", rule->groups);
    return false;
}

/* Compiles the pattern into the newest rule, which is dropped when that fails. */
static bool compile_pattern(struct rules *rules, struct rule *rule, const struct pattern *pattern, unsigned *groups)
{
    struct str why = {0};

    rule->negated = pattern->negated;
    rule->compiled = rules->engine->compile(pattern->regexp, pattern->letters, groups, &why);
    if (rule->compiled == NULL)
        complain(rules, rule->line_number, "%s", str_text(&why));
    str_free(&why);
    return rule->compiled != NULL;
}

static void drop_newest(struct rules *rules)
{
    struct rule *rule = &rules->rule[--rules->count];

    if (rule->compiled != NULL)
        rules->engine->release(rule->compiled);
}

static const char *file_result(struct rules *rules, unsigned line_number, const char *text)
{
    struct str base64 = {0};
    struct str why = {0};
    const char *result = NULL;

    if (file_value_encode(text, &base64, &why))
        result = arena_copy_text(rules->arena, str_text(&base64));
    else
        complain(rules, line_number, "%s: skipping this rule", str_text(&why));
    str_free(&base64);
    str_free(&why);
    return result;
}

static void read_match(struct rules *rules, unsigned line_number, const char *line)
{
    struct pattern pattern = {0};
    unsigned groups = 0;

    if (!parse_pattern(rules, line_number, line, &pattern))
        return;
    const char *result = pattern.rest;
    if (*result == '\0')
        complain(rules, line_number, "no replacement text: using empty string");
    if ((rules->flags & TABLE_FILE_VALUES) && (result = file_result(rules, line_number, result)) == NULL)
        return;
    struct rule *rule = add_rule(rules, line_number);
    if (!compile_pattern(rules, rule, &pattern, &groups) || !compile_result(rules, rule, result, groups))
        drop_newest(rules);
}

static void read_if(struct rules *rules, unsigned line_number, const char *line)
{
    struct pattern pattern = {0};
    unsigned groups = 0;

    if (!parse_pattern(rules, line_number, line, &pattern))
        return;
    if (*pattern.rest != '\0') {
        complain(rules, line_number, "ignoring extra text after IF statement: \"%s\"", pattern.rest);
        complain(rules, line_number, "do not prepend whitespace to statements between IF and ENDIF");
    }
    struct rule *rule = add_rule(rules, line_number);
    rule->is_if = true;
    if (!compile_pattern(rules, rule, &pattern, &groups))
        drop_newest(rules);
    else
        rules->open_ifs[rules->open_count++] = rules->count - 1;
}

static void read_endif(struct rules *rules, unsigned line_number, const char *line)
{
    if (rules->open_count == 0) {
        complain(rules, line_number, "ignoring ENDIF without matching IF");
        return;
    }
    if (line[strspn(line, " \t")] != '\0')
        complain(rules, line_number, "ignoring extra text after ENDIF");
    struct rule *rule = add_rule(rules, line_number);
    rule->is_endif = true;
    rules->rule[rules->open_ifs[--rules->open_count]].behind_endif = rules->count;
}

static bool is_word(const char *line, const char *word)
{
    return text_starts_with_nocase(line, word) && !text_is_alnum(line[strlen(word)]);
}

static void read_line(struct rules *rules, unsigned line_number, const char *line)
{
    if (!text_is_alnum(*line))
        read_match(rules, line_number, line);
    else if (is_word(line, "if"))
        read_if(rules, line_number, line + strlen("if"));
    else if (is_word(line, "endif"))
        read_endif(rules, line_number, line + strlen("endif"));
    else
        complain(rules, line_number, "ignoring unrecognized request");
}

void *rules_open(const struct table_request *request, const struct rules_engine *engine)
{
    struct source *source = source_open_rules(engine->type, request->name, request->why);

    if (source == NULL)
        return NULL;
    struct rules *rules = memory_new(struct rules);
    rules->engine = engine;
    rules->arena = arena_new();
    rules->name = arena_copy_text(rules->arena, request->name);
    rules->flags = request->flags;
    struct str line = {0};
    while (source_next(source, &line))
        read_line(rules, source_line_number(source), str_text(&line));
    str_free(&line);
    source_close(source);
    while (rules->open_count > 0) {
        struct rule *rule = &rules->rule[rules->open_ifs[--rules->open_count]];
        complain(rules, rule->line_number, "IF has no matching ENDIF");
        rule->behind_endif = rules->count;
    }
    return rules;
}

void rules_close(void *data)
{
    struct rules *rules = data;

    while (rules->count > 0)
        drop_newest(rules);
    free(rules->rule);
    free(rules->open_ifs);
    arena_free(rules->arena);
    free(rules);
}

static void put_result(const struct rule *rule, const char *key, const struct rules_match *match, struct str *value)
{
    for (const struct piece *piece = rule->result; piece != NULL; piece = piece->next) {
        str_put(value, piece->text);
        if (piece->group > 0 && match->start[piece->group] >= 0)
            str_put_bytes(value, key + match->start[piece->group],
                (size_t)(match->end[piece->group] - match->start[piece->group]));
    }
}

/* Whether a rule holds for the key; an engine that gives up counts as "doesn't", as documented for Postfix. */
static bool rule_holds(const struct rules *rules, const struct rule *rule, const char *key, struct rules_match *match)
{
    struct str why = {0};
    enum rules_matched matched = rules->engine->match(rule->compiled, key, match, rule->groups, &why);

    if (matched == RULES_FAILED)
        complain(rules, rule->line_number, "%s", str_text(&why));
    str_free(&why);
    return matched != RULES_FAILED && (matched == RULES_MATCHED) != rule->negated;
}

enum table_result rules_find(void *data, const char *key, struct str *value)
{
    const struct rules *rules = data;
    struct rules_match match;

    for (size_t i = 0; i < rules->count;) {
        const struct rule *rule = &rules->rule[i];
        i++;
        if (rule->is_endif)
            continue;
        bool holds = rule_holds(rules, rule, key, &match);
        if (rule->is_if) {
            if (!holds)
                i = rule->behind_endif;
            continue;
        }
        if (holds) {
            put_result(rule, key, &match, value);
            return TABLE_FOUND;
        }
    }
    return TABLE_ABSENT;
}
