#include "util/tool/alias_line.h"

#include <string.h>

#include "util/base/text.h"

enum kind { ATOM, QUOTED, COMMENT, LITERAL, SPECIAL, END };

struct token {
    enum kind kind;
    const char *text; /* as written */
    size_t length;
};

static bool is_special(char c)
{
    return c != '\0' && strchr("<>@,;:.", c) != NULL;
}

/* The length of a text that begins with open and ends with close; backslashes hide, comments nest. */
static size_t enclosed_length(const char *text, char open, char close)
{
    size_t depth = 0;
    size_t at = 0;

    for (; text[at] != '\0'; at++) {
        if (text[at] == '\\' && text[at + 1] != '\0')
            at++;
        else if (text[at] == close && (open != close || at > 0)) {
            if (depth <= 1)
                return at + 1;
            depth--;
        } else if (text[at] == open && (open == '(' || depth == 0))
            depth++;
    }
    return at;
}

static size_t atom_length(const char *text)
{
    size_t at = 0;

    for (; text[at] != '\0' && !text_is_space(text[at]) && !is_special(text[at]) && strchr("(\"[", text[at]) == NULL; at++) {
        if (text[at] == '\\' && text[at + 1] != '\0')
            at++;
    }
    return at;
}

static struct token next_token(const char **cursor)
{
    const char *text = *cursor;

    while (text_is_space(*text))
        text++;
    struct token token = { .kind = END, .text = text };
    if (*text == '"') {
        token.kind = QUOTED;
        token.length = enclosed_length(text, '"', '"');
    } else if (*text == '(') {
        token.kind = COMMENT;
        token.length = enclosed_length(text, '(', ')');
    } else if (*text == '[') {
        token.kind = LITERAL;
        token.length = enclosed_length(text, '[', ']');
    } else if (is_special(*text)) {
        token.kind = SPECIAL;
        token.length = 1;
    } else if (*text != '\0') {
        token.kind = ATOM;
        token.length = atom_length(text);
    }
    *cursor = text + token.length;
    return token;
}

static bool is_sign(const struct token *token, char sign)
{
    return token->kind == SPECIAL && token->text[0] == sign;
}

/* Whether standard form has a blank between two tokens (beside the one behind each comma). */
static bool need_blank(const struct token *left, const struct token *right)
{
    bool pipe_sign = left->kind == ATOM && left->length == 1 && left->text[0] == '|';

    return left->kind != END && left->kind != SPECIAL && !pipe_sign && (right->kind != SPECIAL || is_sign(right, '<'));
}

/* Whether the quote at the end of a quoted string closes it, and isn't hidden by a backslash. */
static bool is_closed(const struct token *token)
{
    size_t backslashes = 0;

    while (backslashes + 2 < token->length && token->text[token->length - 2 - backslashes] == '\\')
        backslashes++;
    return backslashes % 2 == 0;
}

/* Without backslashes and the quotes around it. */
static void put_internal(const struct token *token, struct str *out)
{
    const char *end = token->text + token->length;
    const char *at = token->text;

    if (token->kind == QUOTED) {
        at++;
        if (end > at && end[-1] == '"' && is_closed(token))
            end--;
    }
    for (; at < end; at++) {
        if (*at == '\\' && at + 1 < end && (token->kind == QUOTED || token->kind == ATOM))
            at++;
        str_put_char(out, *at);
    }
}

/* As it stands in a list: what needs quotes has them, what was opened is closed. */
static void put_external(const struct token *token, struct str *out)
{
    struct str internal = {0};

    put_internal(token, &internal);
    bool plain = token->kind == ATOM && internal.data[strcspn(internal.data, " \t()<>@,;:\\\".[]")] == '\0';
    if (plain) {
        str_put(out, str_text(&internal));
        str_free(&internal);
        return;
    }
    bool escaped = token->kind == ATOM && memchr(token->text, '\\', token->length) != NULL;
    if (token->kind != QUOTED && !escaped) {
        str_free(&internal);
        str_put_bytes(out, token->text, token->length);
        if (token->kind == LITERAL && token->text[token->length - 1] != ']')
            str_put_char(out, ']');
        if (is_sign(token, ','))
            str_put_char(out, ' ');
        return;
    }
    str_put_char(out, '"');
    for (size_t i = 0; i < internal.length; i++) {
        if (internal.data[i] == '"' || internal.data[i] == '\\')
            str_put_char(out, '\\');
        str_put_char(out, internal.data[i]);
    }
    str_put_char(out, '"');
    str_free(&internal);
}

bool alias_line_parse(const char *line, struct str *name, struct str *value, const char **why)
{
    const char *cursor = line;
    struct token previous = { .kind = END };
    struct token token;
    size_t names = 0;
    bool is_remote = false;
    bool is_list = false;

    str_clear(name);
    str_clear(value);
    *why = "need name:value pair";
    for (; (token = next_token(&cursor)).kind != END && !is_sign(&token, ':'); previous = token, names++) {
        if (need_blank(&previous, &token))
            str_put_char(name, ' ');
        put_internal(&token, name);
        is_remote = is_remote || is_sign(&token, '@');
        is_list = is_list || is_sign(&token, ',');
    }
    if (names == 0 || token.kind == END || is_list)
        return false;
    size_t values = 0;
    previous.kind = END;
    for (; (token = next_token(&cursor)).kind != END; previous = token, values++) {
        if (need_blank(&previous, &token))
            str_put_char(value, ' ');
        put_external(&token, value);
    }
    if (values == 0)
        return false;
    *why = "name must be local";
    return !is_remote;
}
