#include "util/base/text.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

char text_lower_char(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

void text_lower(char *text)
{
    for (; *text; text++)
        *text = text_lower_char(*text);
}

bool text_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool text_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool text_is_alnum(char c)
{
    char lower = text_lower_char(c);

    return text_is_digit(c) || (lower >= 'a' && lower <= 'z');
}

bool text_equal(const char *left, const char *right)
{
    return strcmp(left, right) == 0;
}

bool text_equal_nocase(const char *left, const char *right)
{
    while (*left && text_lower_char(*left) == text_lower_char(*right)) {
        left++;
        right++;
    }
    return text_lower_char(*left) == text_lower_char(*right);
}

bool text_starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_starts_with_nocase(const char *text, const char *prefix)
{
    while (*prefix && text_lower_char(*text) == text_lower_char(*prefix)) {
        text++;
        prefix++;
    }
    return *prefix == '\0';
}

bool text_ends_with(const char *text, const char *suffix)
{
    size_t length = strlen(text);
    size_t tail = strlen(suffix);

    return tail <= length && strcmp(text + length - tail, suffix) == 0;
}

bool text_ends_with_nocase(const char *text, const char *suffix)
{
    size_t length = strlen(text);
    size_t tail = strlen(suffix);

    return tail <= length && text_equal_nocase(text + length - tail, suffix);
}

bool text_is_digits(const char *text)
{
    if (*text == '\0')
        return false;
    for (; *text; text++) {
        if (!text_is_digit(*text))
            return false;
    }
    return true;
}

bool text_is_ascii(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text >= 0x80)
            return false;
    }
    return true;
}

/* The length of the UTF-8 sequence at bytes (RFC 3629: no overlong forms, surrogates or values above 10FFFF); 0 if invalid. */
static size_t utf8_sequence(const unsigned char *bytes, size_t left)
{
    unsigned char first = bytes[0];
    size_t length = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;

    if (length == 0 || length > left)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
    }
    bool too_low = (first == 0xE0 && bytes[1] < 0xA0) || (first == 0xF0 && bytes[1] < 0x90);
    bool too_high = (first == 0xED && bytes[1] > 0x9F) || (first == 0xF4 && bytes[1] > 0x8F);
    return too_low || too_high ? 0 : length;
}

bool text_is_utf8(const char *text, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)text;

    for (size_t at = 0, step; at < length; at += step) {
        step = utf8_sequence(bytes + at, length - at);
        if (step == 0)
            return false;
    }
    return true;
}

bool text_next_word(const char **cursor, const char *separators, const char **word, size_t *length)
{
    const char *start = *cursor + strspn(*cursor, separators);

    *length = strcspn(start, separators);
    *word = start;
    *cursor = start + *length;
    return *length > 0;
}

bool text_list_has(const char *list, const char *wanted)
{
    const char *word;
    size_t length;

    while (text_next_word(&list, TEXT_LIST_SEPARATORS, &word, &length)) {
        if (strlen(wanted) == length && memcmp(word, wanted, length) == 0)
            return true;
    }
    return false;
}

bool text_list_has_nocase(const char *list, const char *wanted)
{
    const char *word;
    size_t length;

    while (text_next_word(&list, TEXT_LIST_SEPARATORS, &word, &length)) {
        if (strlen(wanted) == length && strncasecmp(word, wanted, length) == 0)
            return true;
    }
    return false;
}

static size_t braced_length(const char *text)
{
    size_t depth = 0;

    for (size_t i = 0; text[i]; i++) {
        if (text[i] == '{')
            depth++;
        else if (text[i] == '}' && --depth == 0)
            return i + 1;
    }
    return strlen(text);
}

bool text_next_word_braced(const char **cursor, const char *separators, const char **word, size_t *length)
{
    const char *start = *cursor + strspn(*cursor, separators);

    if (*start != '{')
        return text_next_word(cursor, separators, word, length);
    *word = start;
    *length = braced_length(start);
    *cursor = start + *length;
    return true;
}

void text_put_printable(struct str *out, const char *text, size_t length, char replacement, bool utf8)
{
    size_t good = 0; /* so many bytes before `at` are as they should be, and not yet put */

    for (size_t at = 0; at < length;) {
        unsigned char c = (unsigned char)text[at];
        size_t step = c >= 0x20 && c < 0x7F ? 1
            : utf8 && c >= 0x80 ? utf8_sequence((const unsigned char *)text + at, length - at) : 0;
        if (step > 0) {
            at += step;
            good += step;
            continue;
        }
        str_put_bytes(out, text + at - good, good);
        str_put_char(out, replacement);
        good = 0;
        at++;
    }
    str_put_bytes(out, text + length - good, good);
}
