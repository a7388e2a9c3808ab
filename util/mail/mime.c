#include "util/mail/mime.h"

#include <string.h>
#include <strings.h>

#include "util/base/text.h"

enum kind { KIND_OTHER, KIND_MULTIPART, KIND_MESSAGE };

/* One open multipart. */
struct level {
    struct level *outer;
    const char *boundary;
    size_t length;
    size_t depth;
    bool is_digest; /* its parts are messages unless they say otherwise */
};

struct mime {
    struct arena *arena;
    size_t nesting_limit;
    size_t boundary_length_limit;
    size_t depth;
    struct level *level; /* innermost */
    enum mime_encoding encoding;
    const char *encoding_name;
    /* of the present header */
    enum kind kind;
    bool has_header_to_follow; /* message/rfc822 and its kin */
    bool is_digest;
    const char *boundary;      /* NULL: none */
    size_t boundary_length;
};

struct mime *mime_new(struct arena *arena, size_t nesting_limit, size_t boundary_length_limit)
{
    struct mime *mime = arena_allocate(arena, sizeof(*mime));

    mime->arena = arena;
    mime->nesting_limit = nesting_limit;
    mime->boundary_length_limit = boundary_length_limit;
    mime->encoding_name = "";
    return mime;
}

static void begin_header(struct mime *mime, bool in_digest)
{
    mime->kind = in_digest ? KIND_MESSAGE : KIND_OTHER;
    mime->has_header_to_follow = in_digest;
    mime->is_digest = false;
    mime->boundary = NULL;
    mime->encoding = MIME_7BIT;
    mime->encoding_name = "";
}

/* --- tokens of a value: words, quoted strings, comments between them --- */

static const char *skip_blank_and_comments(const char *at)
{
    int depth = 0;

    for (; *at != '\0'; at++) {
        if (*at == '\\' && at[1] != '\0' && depth > 0)
            at++;
        else if (*at == '(')
            depth++;
        else if (*at == ')' && depth > 0)
            depth--;
        else if (depth == 0 && !text_is_space(*at))
            break;
    }
    return at;
}

/* A word ends at blanks and RFC 2045's specials. A quoted string counts as one; its text goes to the arena. */
static const char *take_word(struct arena *arena, const char **cursor)
{
    const char *at = skip_blank_and_comments(*cursor);
    size_t length = 0;

    if (*at != '"') {
        length = strcspn(at, " \t\r\n()<>@,;:\\\"/[]?=");
        *cursor = at + length;
        return arena_copy_bytes(arena, at, length);
    }
    char *text = arena_allocate(arena, strlen(at) + 1);
    for (at++; *at != '\0' && *at != '"'; at++) {
        if (*at == '\\' && at[1] != '\0')
            at++;
        if (*at != '\n')
            text[length++] = *at;
    }
    *cursor = *at == '"' ? at + 1 : at;
    return text;
}

static bool take_char(const char **cursor, char wanted)
{
    const char *at = skip_blank_and_comments(*cursor);

    if (*at != wanted)
        return false;
    *cursor = at + 1;
    return true;
}

static void take_boundary(struct mime *mime, const char *cursor)
{
    while (*cursor != '\0') {
        const char *name = take_word(mime->arena, &cursor);
        if (*name != '\0' && take_char(&cursor, '=')) {
            const char *value = take_word(mime->arena, &cursor);
            if (text_equal_nocase(name, "boundary") && *value != '\0' && mime->boundary == NULL) {
                size_t length = strlen(value);
                mime->boundary = value;
                mime->boundary_length =
                    length < mime->boundary_length_limit ? length : mime->boundary_length_limit;
            }
        }
        cursor += strcspn(cursor, ";");
        cursor += *cursor == ';';
    }
}

void mime_set_type(struct mime *mime, const char *value)
{
    const char *type = take_word(mime->arena, &value);
    const char *subtype = take_char(&value, '/') ? take_word(mime->arena, &value) : "";

    mime->kind = text_equal_nocase(type, "multipart") ? KIND_MULTIPART
        : text_equal_nocase(type, "message") ? KIND_MESSAGE : KIND_OTHER;
    mime->has_header_to_follow = mime->kind == KIND_MESSAGE
        && (text_equal_nocase(subtype, "rfc822") || text_equal_nocase(subtype, "global"));
    mime->is_digest = mime->kind == KIND_MULTIPART && text_equal_nocase(subtype, "digest");
    mime->boundary = NULL;
    if (mime->kind == KIND_MULTIPART) {
        value += strcspn(value, ";");
        take_boundary(mime, value + (*value == ';'));
    }
}

void mime_set_encoding(struct mime *mime, const char *value)
{
    static const char names[][20] = { "7bit", "8bit", "binary", "quoted-printable", "base64" };
    const char *name = take_word(mime->arena, &value);

    mime->encoding_name = name;
    mime->encoding = MIME_OTHER_ENCODING;
    for (int i = MIME_7BIT; i <= MIME_BASE64; i++) {
        if (text_equal_nocase(name, names[i]))
            mime->encoding = (enum mime_encoding)i;
    }
}

enum mime_next mime_end_header(struct mime *mime, bool with_empty_line)
{
    if (!with_empty_line)
        return MIME_BODY;
    if (mime->kind == KIND_MULTIPART && mime->boundary != NULL && !mime_nesting_is_exceeded(mime)) {
        struct level *level = arena_allocate(mime->arena, sizeof(*level));
        *level = (struct level){ mime->level, mime->boundary, mime->boundary_length, mime->depth + 1, mime->is_digest };
        mime->level = level;
        mime->depth++;
    } else if (mime->has_header_to_follow) {
        begin_header(mime, false);
        return MIME_NESTED_HEADER;
    }
    return MIME_BODY;
}

/* "--", boundary, maybe "--" and anything behind it. */
enum mime_next mime_take_line(struct mime *mime, const char *line, size_t length, bool *boundary)
{
    *boundary = false;
    if (length < 2 || line[0] != '-' || line[1] != '-')
        return MIME_BODY;
    for (struct level *level = mime->level; level != NULL; level = level->outer) {
        if (length < level->length + 2 || memcmp(line + 2, level->boundary, level->length) != 0)
            continue;
        const char *rest = line + 2 + level->length;
        size_t rest_length = length - 2 - level->length;
        *boundary = true;
        begin_header(mime, level->is_digest);
        mime->level = level;
        mime->depth = level->depth;
        if (rest_length >= 2 && rest[0] == '-' && rest[1] == '-') {
            mime->level = level->outer;
            mime->depth = level->depth - 1;
            mime->has_header_to_follow = false;
            return MIME_BODY;
        }
        return MIME_PART_HEADER;
    }
    return MIME_BODY;
}

bool mime_nesting_is_exceeded(const struct mime *mime)
{
    return mime->kind == KIND_MULTIPART && mime->boundary != NULL && mime->depth >= mime->nesting_limit + 2;
}

bool mime_follows_lines(const struct mime *mime)
{
    return mime->level != NULL;
}

enum mime_encoding mime_present_encoding(const struct mime *mime)
{
    return mime->encoding;
}

const char *mime_encoding_name(const struct mime *mime)
{
    return mime->encoding_name;
}

bool mime_is_leaf(const struct mime *mime)
{
    return mime->kind == KIND_OTHER;
}

bool mime_encoding_is_forbidden(const struct mime *mime)
{
    return mime->kind != KIND_OTHER && mime->encoding > MIME_BINARY;
}
