#include "util/mail/address_list.h"

#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/mail/address.h"

/* A line is not continued up to this many characters. */
enum { LINE_CHARACTERS = 70 };

enum token_type {
    TOKEN_WORD,      /* an atom: text without escapes */
    TOKEN_QUOTED,    /* a quoted string: text without quotes and escapes */
    TOKEN_LITERAL,   /* [...]: text with its brackets */
    TOKEN_COMMENT,   /* text as it was, with its parentheses */
    TOKEN_SPECIAL,   /* one of <>@,;:.%! and stray ) ] */
    TOKEN_GROUP,     /* a ':' that begins a group */
    TOKEN_COMMA,     /* between elements */
    TOKEN_ADDRESS,   /* a whole address */
};

struct token {
    enum token_type type;
    char special;
    bool was_quoted;  /* TOKEN_ADDRESS: some of it was in quotes */
    bool has_domain;  /* TOKEN_ADDRESS: an '@' stands outside of quotes */
    size_t written;   /* TOKEN_ADDRESS: where the address stands in text as it was written, quotes and all */
    size_t offset;    /* into text */
    size_t length;
    const char *changed; /* TOKEN_ADDRESS: replaces the text; owned */
};

struct tokens {
    struct token *items;
    size_t count;
    size_t capacity;
};

struct address_list {
    struct str text;        /* of all tokens, each followed by a zero byte */
    struct tokens scanned;  /* as written */
    struct tokens elements; /* as understood, left to right */
    size_t *addresses;      /* where the addresses stand in elements */
    size_t address_count;
    bool changed;
};

static struct token *add_token(struct tokens *tokens, struct token token)
{
    if (tokens->count == tokens->capacity) {
        tokens->capacity = tokens->capacity == 0 ? 16 : tokens->capacity * 2;
        tokens->items = memory_resize(tokens->items, tokens->capacity, sizeof(*tokens->items));
    }
    tokens->items[tokens->count] = token;
    return &tokens->items[tokens->count++];
}

static const char *token_text(const struct address_list *list, const struct token *token)
{
    return token->changed != NULL ? token->changed : str_text(&list->text) + token->offset;
}

/* --- scanning, left to right --- */

static bool is_special(char c)
{
    return c != '\0' && strchr("<>@,;:.%!)]", c) != NULL;
}

static bool ends_word(char c)
{
    return text_is_space(c) || is_special(c) || c == '"' || c == '(' || c == '[';
}

/* Each of these takes the token at `at` and returns where the next one may begin. */

static size_t scan_quoted(struct str *out, const char *text, size_t length, size_t at)
{
    for (at++; at < length && text[at] != '"'; at++) {
        if (text[at] == '\\' && at + 1 < length)
            at++;
        str_put_char(out, text[at] == '\t' || text[at] == '\n' ? ' ' : text[at]);
    }
    return at < length ? at + 1 : at;
}

static size_t scan_comment(struct str *out, const char *text, size_t length, size_t at)
{
    size_t depth = 0;

    for (; at < length; at++) {
        char c = text[at];
        str_put_char(out, c == '\n' ? ' ' : c);
        if (c == '\\' && at + 1 < length)
            str_put_char(out, text[++at]);
        else if (c == '(')
            depth++;
        else if (c == ')' && --depth == 0)
            return at + 1;
    }
    return at;
}

static size_t scan_literal(struct str *out, const char *text, size_t length, size_t at)
{
    for (; at < length && text[at] != ']'; at++) {
        if (text[at] == '\\' && at + 1 < length)
            at++;
        if (text[at] != '\n')
            str_put_char(out, text[at]);
    }
    str_put_char(out, ']');
    return at < length ? at + 1 : at;
}

static size_t scan_word(struct str *out, const char *text, size_t length, size_t at)
{
    for (; at < length && !ends_word(text[at]); at++) {
        if (text[at] == '\\' && at + 1 >= length)
            continue;
        if (text[at] == '\\')
            at++;
        str_put_char(out, text[at]);
    }
    return at;
}

static void scan(struct address_list *list, const char *text, size_t length, size_t token_limit)
{
    for (size_t at = 0; at < length && list->scanned.count < token_limit;) {
        struct token token = { .offset = list->text.length };
        if (text_is_space(text[at])) {
            at++;
            continue;
        }
        if (is_special(text[at])) {
            token.type = TOKEN_SPECIAL;
            token.special = text[at];
            str_put_char(&list->text, text[at++]);
        } else if (text[at] == '"') {
            token.type = TOKEN_QUOTED;
            at = scan_quoted(&list->text, text, length, at);
        } else if (text[at] == '(') {
            token.type = TOKEN_COMMENT;
            at = scan_comment(&list->text, text, length, at);
        } else if (text[at] == '[') {
            token.type = TOKEN_LITERAL;
            at = scan_literal(&list->text, text, length, at);
        } else {
            token.type = TOKEN_WORD;
            at = scan_word(&list->text, text, length, at);
        }
        token.length = list->text.length - token.offset;
        str_put_char(&list->text, '\0');
        add_token(&list->scanned, token);
    }
}

/* --- understanding, right to left --- */

struct parser {
    struct address_list *list;
    size_t left;    /* tokens not yet read: scanned[0 .. left) */
    bool in_group;  /* a ';' was seen: from now on a ':' begins a group */
};

static const struct token *next(const struct parser *parser)
{
    return parser->left == 0 ? NULL : &parser->list->scanned.items[parser->left - 1];
}

static bool is(const struct token *token, char special)
{
    return token->type == TOKEN_SPECIAL && token->special == special;
}

static bool is_text(const struct token *token)
{
    return token->type == TOKEN_WORD || token->type == TOKEN_QUOTED || token->type == TOKEN_LITERAL;
}

static void put_special(struct parser *parser, enum token_type type, char special)
{
    add_token(&parser->list->elements, (struct token){ .type = type, .special = special });
}

static void put_quoted(struct str *out, const char *text, size_t length)
{
    str_put_char(out, '"');
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"' || text[i] == '\\')
            str_put_char(out, '\\');
        str_put_char(out, text[i]);
    }
    str_put_char(out, '"');
}

/* The address in its own words, without blanks and comments: what a rewritten one is compared with. */
static size_t put_written(struct address_list *list, size_t first, size_t end)
{
    struct str written = {0};
    size_t offset = list->text.length;

    for (size_t i = first; i < end; i++) {
        const struct token *token = &list->scanned.items[i];
        const char *text = str_text(&list->text) + token->offset;
        if (token->type == TOKEN_QUOTED)
            put_quoted(&written, text, token->length);
        else if (token->type != TOKEN_COMMENT)
            str_put_bytes(&written, text, token->length);
    }
    str_put_bytes(&list->text, str_text(&written), written.length);
    str_put_char(&list->text, '\0');
    str_free(&written);
    return offset;
}

/* Puts together an address from scanned[first .. end) without its comments. Comments go to its right, in their order. */
static void put_address(struct parser *parser, size_t first, size_t end)
{
    struct address_list *list = parser->list;
    struct token address = { .type = TOKEN_ADDRESS, .written = put_written(list, first, end) };

    address.offset = list->text.length;
    for (size_t i = end; i-- > first;) {
        if (list->scanned.items[i].type == TOKEN_COMMENT)
            add_token(&list->elements, list->scanned.items[i]);
    }
    for (size_t i = first; i < end; i++) {
        const struct token *token = &list->scanned.items[i];
        if (token->type == TOKEN_COMMENT)
            continue;
        if (is(token, '<') && list->text.length > address.offset)
            str_put_char(&list->text, ' ');
        /* The text moves when it grows: no pointer into it is kept. */
        for (size_t j = 0; j < token->length; j++)
            str_put_char(&list->text, list->text.data[token->offset + j]);
        if (is(token, ','))
            str_put_char(&list->text, ' ');
        address.was_quoted |= token->type == TOKEN_QUOTED;
        address.has_domain |= is(token, '@');
    }
    address.length = list->text.length - address.offset;
    str_put_char(&list->text, '\0');
    add_token(&list->elements, address);
}

/* Words before "<" or before a group's colon, up to the next separator, stay as they are. */
static void read_phrase(struct parser *parser, bool of_group)
{
    const struct token *token;

    while ((token = next(parser)) != NULL && !is(token, ',')) {
        if (!of_group && (is(token, ';') || is(token, '>') || (parser->in_group && is(token, ':'))))
            return;
        add_token(&parser->list->elements, *token);
        parser->left--;
    }
}

static void read_route(struct parser *parser)
{
    size_t end = --parser->left; /* the '>' */
    const struct token *token;
    size_t words = 0;

    put_special(parser, TOKEN_SPECIAL, '>');
    while ((token = next(parser)) != NULL && !is(token, '<')) {
        words += token->type != TOKEN_COMMENT;
        parser->left--;
    }
    if (words > 0)
        put_address(parser, parser->left, end);
    if (token == NULL)
        return;
    put_special(parser, TOKEN_SPECIAL, '<');
    parser->left--;
    read_phrase(parser, false);
}

/* In aliases, |"a command" is one thing. */
static bool is_pipe_sign(const struct address_list *list, const struct token *token)
{
    return token->type == TOKEN_WORD && token->length == 1 && list->text.data[token->offset] == '|';
}

static void read_address(struct parser *parser)
{
    size_t end = parser->left;
    const struct token *token;
    bool after_text = false;

    while ((token = next(parser)) != NULL && !is(token, ',') && !is(token, ';') && !is(token, '>')
        && !(parser->in_group && is(token, ':'))) {
        if (token->type != TOKEN_COMMENT) {
            if (after_text && is_text(token) && !is_pipe_sign(parser->list, token))
                break;
            after_text = is_text(token);
        }
        parser->left--;
    }
    put_address(parser, parser->left, end);
    if (token != NULL && !is(token, ',') && !is(token, ':'))
        put_special(parser, TOKEN_COMMA, ',');
}

static void parse(struct parser *parser)
{
    const struct token *token;

    while ((token = next(parser)) != NULL) {
        if (is(token, '>')) {
            read_route(parser);
        } else if (is(token, ',')) {
            put_special(parser, TOKEN_COMMA, ',');
            parser->left--;
        } else if (is(token, ';')) {
            parser->in_group = true;
            add_token(&parser->list->elements, *token);
            parser->left--;
        } else if (is(token, ':') && parser->in_group) {
            put_special(parser, TOKEN_GROUP, ':');
            parser->left--;
            read_phrase(parser, true);
        } else if (token->type == TOKEN_COMMENT) {
            add_token(&parser->list->elements, *token);
            parser->left--;
        } else {
            read_address(parser);
        }
    }
}

static void reverse(struct tokens *tokens)
{
    for (size_t i = 0; i < tokens->count / 2; i++) {
        struct token held = tokens->items[i];
        tokens->items[i] = tokens->items[tokens->count - 1 - i];
        tokens->items[tokens->count - 1 - i] = held;
    }
}

static void index_addresses(struct address_list *list)
{
    list->addresses = memory_resize(NULL, list->elements.count + 1, sizeof(*list->addresses));
    for (size_t i = 0; i < list->elements.count; i++) {
        if (list->elements.items[i].type == TOKEN_ADDRESS)
            list->addresses[list->address_count++] = i;
    }
}

struct address_list *address_list_parse(const char *text, size_t length, size_t token_limit)
{
    struct address_list *list = memory_new(struct address_list);
    struct parser parser = { .list = list };

    scan(list, text, length, token_limit);
    parser.left = list->scanned.count;
    parse(&parser);
    reverse(&list->elements);
    index_addresses(list);
    return list;
}

void address_list_free(struct address_list *list)
{
    if (list == NULL)
        return;
    for (size_t i = 0; i < list->elements.count; i++)
        free((char *)list->elements.items[i].changed);
    free(list->elements.items);
    free(list->addresses);
    free(list->scanned.items);
    str_free(&list->text);
    free(list);
}

static struct token *find(const struct address_list *list, size_t index)
{
    return index < list->address_count ? &list->elements.items[list->addresses[index]] : NULL;
}

const char *address_list_get(const struct address_list *list, size_t index)
{
    const struct token *token = find(list, index);

    return token == NULL ? NULL : token_text(list, token);
}

bool address_list_is_quoted_local(const struct address_list *list, size_t index)
{
    const struct token *token = find(list, index);

    return token != NULL && token->was_quoted && !token->has_domain;
}

void address_list_set(struct address_list *list, size_t index, const char *internal)
{
    struct token *token = find(list, index);
    struct str external = {0};

    if (token == NULL || (*internal == '\0' && *token_text(list, token) == '\0'))
        return;
    char *copy = memory_copy_text(internal);
    free((char *)token->changed);
    token->changed = copy;
    address_quote(copy, &external);
    list->changed |= !text_equal(str_text(&external), str_text(&list->text) + token->written);
    str_free(&external);
}

bool address_list_is_changed(const struct address_list *list)
{
    return list->changed;
}

/* --- writing --- */

static bool wants_space(const struct token *left, const struct token *right)
{
    if (left == NULL || left->type == TOKEN_GROUP || left->type == TOKEN_COMMA)
        return false; /* they bring their own */
    if (is(right, '<'))
        return true;
    if (left->type == TOKEN_SPECIAL)
        return false;
    return is_text(right) || right->type == TOKEN_COMMENT;
}

static void put_token(const struct address_list *list, struct str *out, const struct token *token)
{
    const char *text = token_text(list, token);

    switch (token->type) {
    case TOKEN_QUOTED:
        put_quoted(out, text, strlen(text));
        break;
    case TOKEN_GROUP:
        str_put(out, ": ");
        break;
    case TOKEN_ADDRESS:
        if (token->changed == NULL)
            str_put(out, str_text(&list->text) + token->written);
        else if (*text == '\0')
            str_put(out, "\"\""); /* a list must not have a hole */
        else
            address_quote(text, out);
        break;
    case TOKEN_SPECIAL:
        str_put_char(out, token->special);
        break;
    case TOKEN_COMMA:
        str_put_char(out, ',');
        break;
    case TOKEN_WORD:
    case TOKEN_LITERAL:
    case TOKEN_COMMENT:
        str_put(out, text);
        break;
    }
}

/* A chunk (an element with its comma) goes to the present line if there is room. */
static void put_chunk(struct str *out, size_t *line_start, const struct str *chunk, bool first)
{
    if (!first && out->length - *line_start + 1 + chunk->length < LINE_CHARACTERS) {
        str_put_char(out, ' ');
    } else if (!first && chunk->length == 0) {
        str_put_char(out, ' ');
    } else if (!first) {
        str_put_char(out, '\n');
        *line_start = out->length;
        str_put_char(out, '\t');
    }
    str_put_bytes(out, chunk->data, chunk->length);
}

void address_list_put(const struct address_list *list, struct str *out)
{
    struct str chunk = {0};
    const struct token *left = NULL;
    size_t line_start = 0;
    bool first = true;

    for (size_t i = 0; i < list->elements.count; i++) {
        const struct token *token = &list->elements.items[i];
        if (wants_space(left, token))
            str_put_char(&chunk, ' ');
        put_token(list, &chunk, token);
        left = token;
        if (token->type == TOKEN_COMMA) {
            put_chunk(out, &line_start, &chunk, first);
            str_clear(&chunk);
            first = false;
        }
    }
    if (chunk.length > 0 || (left != NULL && left->type == TOKEN_COMMA))
        put_chunk(out, &line_start, &chunk, first);
    str_free(&chunk);
}
