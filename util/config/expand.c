#include "util/config/expand.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/text.h"

#define DEPTH_LIMIT 100
/* Names that name several others each grow beyond all bounds without ever being deep. */
#define STEP_LIMIT 20000
#define SIZE_LIMIT (1024 * 1024)

/* Postfix's messages show what came before and behind the place that is wrong. */
#define BEHIND 20

struct expansion {
    expand_lookup *lookup;
    void *context;
    struct str *why;
    struct str name;     /* scratch */
    expand_found *found; /* names are collected instead of values */
    int depth;
    int steps;
    bool lacks_value;    /* a name whose value was wanted isn't there */
};

/* A piece of text that isn't followed by a zero byte. */
struct slice {
    const char *start;
    const char *end;
};

static bool expand_slice(struct expansion *expansion, struct slice text, struct str *out);

static bool problem_in(struct expansion *expansion, const char *what, struct slice text)
{
    str_clear(expansion->why);
    str_printf(expansion->why, "%s: \"%.*s\"", what, (int)(text.end - text.start), text.start);
    return false;
}

static bool problem_at(struct expansion *expansion, const char *what, struct slice text, const char *at)
{
    str_clear(expansion->why);
    int behind = text.end - at > BEHIND ? BEHIND : (int)(text.end - at);
    const char *before = at;
    while (before > text.start && text_is_space(before[-1]))
        before--;
    str_printf(expansion->why, "%s at: \"...%.*s>>>%.*s\"", what, (int)(before - text.start), text.start, behind, at);
    return false;
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && text_is_space(*at))
        at++;
    return at;
}

static bool is_name_char(char c)
{
    return text_is_alnum(c) || c == '_';
}

/* Behind the bracket that closes the one at `at`; NULL if there is none. */
static const char *closing(const char *at, const char *end)
{
    char open = *at;
    char close = open == '{' ? '}' : ')';
    int depth = 0;

    for (; at < end; at++) {
        if (*at == open)
            depth++;
        else if (*at == close && --depth == 0)
            return at + 1;
    }
    return NULL;
}

/* {text} at *at: the text, and *at behind the brace and white space. */
static bool braced(const char **at, const char *end, struct slice *content)
{
    const char *behind = closing(*at, end);

    if (behind == NULL)
        return false;
    content->start = *at + 1;
    content->end = behind - 1;
    *at = skip_space(behind, end);
    return true;
}

bool expand_parse_level(const char *text, long *level)
{
    static const long limits[] = { 2047, 1023, 1023 };
    long sum = 0;

    for (size_t part = 0; part < 3; part++) {
        long number = 0;
        if (part == 0 || *text == '.') {
            text += part > 0;
            if (!text_is_digit(*text))
                return false;
            while (text_is_digit(*text)) {
                number = number * 10 + (*text++ - '0');
                if (number > limits[part])
                    return false;
            }
        }
        sum = (sum << 10) | number;
    }
    *level = sum;
    return *text == '\0';
}

enum operator { EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER_EQUAL, GREATER };

static const struct { const char *text; enum operator operator; } operators[] = {
    { "==", EQUAL }, { "!=", NOT_EQUAL }, { "<", LESS }, { "<=", LESS_EQUAL }, { ">=", GREATER_EQUAL },
    { ">", GREATER },
};

/* An operator as it was written. */
struct comparison {
    enum operator operator;
    bool level; /* compares compatibility levels */
};

static bool holds(enum operator operator, long order)
{
    switch (operator) {
    case EQUAL:
        return order == 0;
    case NOT_EQUAL:
        return order != 0;
    case LESS:
        return order < 0;
    case LESS_EQUAL:
        return order <= 0;
    case GREATER_EQUAL:
        return order >= 0;
    case GREATER:
        return order > 0;
    }
    return false;
}

static long order_of(long left, long right)
{
    return (left > right) - (left < right);
}

static bool to_number(struct expansion *expansion, const char *text, long *number)
{
    errno = 0;
    *number = strtol(text, NULL, 10);
    if (errno == 0)
        return true;
    str_clear(expansion->why);
    str_printf(expansion->why, "bad conversion: %s", text);
    return false;
}

static bool to_level(struct expansion *expansion, const char *text, long *level)
{
    if (expand_parse_level(text, level))
        return true;
    str_clear(expansion->why);
    str_printf(expansion->why, "malformed compatibility level syntax: \"%s\"", text);
    return false;
}

static bool compare(struct expansion *expansion, struct comparison comparison, const char *left, const char *right, bool *result)
{
    long numbers[2];
    long order;

    if (comparison.level) {
        if (!to_level(expansion, left, &numbers[0]) || !to_level(expansion, right, &numbers[1]))
            return false;
        order = order_of(numbers[0], numbers[1]);
    } else if (text_is_digits(left) && text_is_digits(right)) {
        if (!to_number(expansion, left, &numbers[0]) || !to_number(expansion, right, &numbers[1]))
            return false;
        order = order_of(numbers[0], numbers[1]);
    } else {
        order = strcmp(left, right);
    }
    *result = holds(comparison.operator, order);
    return true;
}

/* The operator at *at, which moves behind it. start: where the context of a message begins. */
static bool parse_operator(struct expansion *expansion, const char **at, struct slice context, struct comparison *comparison)
{
    size_t length = strspn(*at, "<>!=");
    size_t row = 0;

    while (row < sizeof(operators) / sizeof(operators[0])
        && (strlen(operators[row].text) != length || strncmp(*at, operators[row].text, length) != 0))
        row++;
    if (row == sizeof(operators) / sizeof(operators[0])) {
        return problem_at(expansion,
            "\"==\" or \"!=\"\" or \"<\"\" or \"<=\"\" or \">=\"\" or \">\" expected", context, *at);
    }
    const char *suffix = *at + length;
    const char *behind = suffix;
    while (behind < context.end && is_name_char(*behind))
        behind++;
    *comparison = (struct comparison){ operators[row].operator, behind > suffix };
    if (comparison->level && (behind - suffix != 5 || memcmp(suffix, "level", 5) != 0))
        return problem_at(expansion, "bad operator suffix", (struct slice){ *at, behind }, suffix);
    *at = behind;
    return true;
}

static bool unbalanced(struct expansion *expansion, const char *at, struct slice body)
{
    return problem_in(expansion, "unbalanced {} in attribute expression", (struct slice){ at, body.end });
}

/* {a} == {b} at *at, which moves behind it. */
static bool condition(struct expansion *expansion, const char **at, struct slice body, bool *result)
{
    struct slice left;
    struct slice right;
    struct comparison comparison = { EQUAL, false };

    const char *start = *at;
    if (!braced(at, body.end, &left))
        return unbalanced(expansion, start, body);
    if (!parse_operator(expansion, at, (struct slice){ start + 1, body.end }, &comparison))
        return false;
    const char *behind = *at;
    *at = skip_space(behind, body.end);
    if (*at == body.end || **at != '{')
        return problem_at(expansion, "\"{expression}\" expected", body, behind);
    if (!braced(at, body.end, &right))
        return unbalanced(expansion, *at, body);

    struct str texts[2] = { { 0 }, { 0 } };
    bool good = expand_slice(expansion, left, &texts[0]) && expand_slice(expansion, right, &texts[1])
        && (expansion->found != NULL || compare(expansion, comparison, str_text(&texts[0]), str_text(&texts[1]), result));
    str_free(&texts[0]);
    str_free(&texts[1]);
    return good;
}

/* What follows the name or condition: nothing, ?text, :text, ?{text}, ?{text}:{text}, :{text}. */
struct results {
    bool has_yes;
    bool has_no;
    struct slice yes;
    struct slice no;
};

static bool parse_result(struct expansion *expansion, const char **at, struct slice body, struct slice *result)
{
    const char *start = skip_space(*at, body.end);

    if (start < body.end && *start == '{') {
        *at = start;
        return braced(at, body.end, result)
            || unbalanced(expansion, start, body);
    }
    *result = (struct slice){ *at, body.end };
    *at = body.end;
    return true;
}

static bool parse_results(struct expansion *expansion, const char *at, struct slice body, struct results *results)
{
    const char *start = at;

    if (at < body.end && *at == '?') {
        at++;
        start = skip_space(at, body.end) + 1;
        results->has_yes = true;
        if (!parse_result(expansion, &at, body, &results->yes))
            return false;
        if (at < body.end && *at != ':')
            return problem_at(expansion, "\":\" expected", (struct slice){ start, body.end }, at);
    }
    if (at < body.end && *at == ':') {
        at++;
        start = skip_space(at, body.end) + 1;
        results->has_no = true;
        if (!parse_result(expansion, &at, body, &results->no))
            return false;
    }
    if (at < body.end)
        return problem_at(expansion, "unexpected input", (struct slice){ start, body.end }, at);
    return true;
}

static bool put_results(struct expansion *expansion, const struct results *results, bool is_true, struct str *out)
{
    if (expansion->found != NULL)
        return (!results->has_yes || expand_slice(expansion, results->yes, out))
            && (!results->has_no || expand_slice(expansion, results->no, out));
    if (is_true && results->has_yes)
        return expand_slice(expansion, results->yes, out);
    if (!is_true && results->has_no)
        return expand_slice(expansion, results->no, out);
    return true;
}

static bool put_condition(struct expansion *expansion, const char *at, struct slice body, struct str *out)
{
    struct results results = { 0 };
    bool is_true = false;

    if (!condition(expansion, &at, body, &is_true))
        return false;
    if (at < body.end && *at != '?' && *at != ':') {
        const char *brace = at - 1;
        while (*brace != '}')
            brace--;
        return problem_at(expansion, "\"?\" or \":\" expected", (struct slice){ brace, body.end }, at);
    }
    if (at == body.end) {
        if (is_true)
            str_put(out, "true");
        return true;
    }
    return parse_results(expansion, at, body, &results) && put_results(expansion, &results, is_true, out);
}

static bool put_value(struct expansion *expansion, const char *value, bool is_data, struct str *out)
{
    if (value == NULL)
        return true;
    if (is_data || strchr(value, '$') == NULL) {
        str_put(out, value);
        return true;
    }
    return expand_slice(expansion, (struct slice){ value, value + strlen(value) }, out);
}

/* name, followed by results or nothing. */
static bool put_name(struct expansion *expansion, struct slice name, const struct results *results, struct str *out)
{
    bool is_data = false;

    str_clear(&expansion->name);
    str_put_bytes(&expansion->name, name.start, (size_t)(name.end - name.start));
    if (expansion->found != NULL)
        expansion->found(expansion->context, str_text(&expansion->name), results->has_yes || results->has_no);
    const char *value =
        expansion->found == NULL ? expansion->lookup(expansion->context, str_text(&expansion->name), &is_data) : NULL;
    expansion->lacks_value |= value == NULL && !results->has_yes && !results->has_no;
    if (!results->has_yes && !results->has_no)
        return put_value(expansion, value, is_data, out);
    return put_results(expansion, results, value != NULL && *value != '\0', out);
}

/* The inside of ${...}; whole is the text around it, for messages. */
static bool put_body(struct expansion *expansion, struct slice body, struct slice whole, struct str *out)
{
    struct results results = { 0 };
    struct slice name;

    const char *at = skip_space(body.start, body.end);
    if (at < body.end && *at == '{')
        return put_condition(expansion, at, body, out);
    for (name.start = at; at < body.end && is_name_char(*at); at++)
        ;
    name.end = at;
    if (name.start == name.end && at == body.end)
        return problem_in(expansion, "empty macro name", whole);
    at = skip_space(at, body.end);
    if (at < body.end && *at != '?' && *at != ':')
        return problem_at(expansion, "attribute name syntax error", body, name.end);
    return parse_results(expansion, at, body, &results) && put_name(expansion, name, &results, out);
}

/* What follows a $ at *at, which moves behind it. */
static bool put_reference(struct expansion *expansion, const char **at, struct slice whole, struct str *out)
{
    static const struct results none;
    const char *start = *at;

    if (start < whole.end && *start == '$') {
        str_put_char(out, '$');
        *at = start + 1;
        return true;
    }
    if (start < whole.end && (*start == '{' || *start == '(')) {
        *at = closing(start, whole.end);
        if (*at == NULL)
            return problem_in(expansion, "truncated macro reference", whole);
        return put_body(expansion, (struct slice){ start + 1, *at - 1 }, whole, out);
    }
    while (*at < whole.end && is_name_char(**at))
        (*at)++;
    if (*at == start)
        return problem_in(expansion, "empty macro name", whole);
    return put_name(expansion, (struct slice){ start, *at }, &none, out);
}

static bool expand_slice(struct expansion *expansion, struct slice text, struct str *out)
{
    bool good = true;

    if (++expansion->depth > DEPTH_LIMIT || ++expansion->steps > STEP_LIMIT || out->length > SIZE_LIMIT)
        return problem_in(expansion, "unreasonable macro call nesting", text);
    for (const char *at = text.start; good && at < text.end;) {
        const char *dollar = memchr(at, '$', (size_t)(text.end - at));
        const char *stop = dollar != NULL ? dollar : text.end;
        str_put_bytes(out, at, (size_t)(stop - at));
        at = stop;
        if (dollar != NULL) {
            at++;
            good = put_reference(expansion, &at, text, out);
        }
    }
    expansion->depth--;
    return good;
}

bool expand_text(const char *text, expand_lookup *lookup, void *context, struct str *out, struct str *why)
{
    bool lacks_value;

    return expand_text_known(text, lookup, context, out, why, &lacks_value);
}

bool expand_text_known(const char *text, expand_lookup *lookup, void *context, struct str *out, struct str *why, bool *lacks_value)
{
    struct expansion expansion = { .lookup = lookup, .context = context, .why = why };

    bool good = expand_slice(&expansion, (struct slice){ text, text + strlen(text) }, out);
    str_free(&expansion.name);
    *lacks_value = expansion.lacks_value;
    return good;
}

bool expand_names(const char *text, expand_found *found, void *context, struct str *why)
{
    struct str out = { 0 };
    struct expansion expansion = { .context = context, .why = why, .found = found };

    bool good = expand_slice(&expansion, (struct slice){ text, text + strlen(text) }, &out);
    str_free(&expansion.name);
    str_free(&out);
    return good;
}
