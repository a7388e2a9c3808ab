/* text.h: small questions about text. Only ASCII letters have case here (RFC 5321 section 2.4). */
#ifndef UTIL_BASE_TEXT_H
#define UTIL_BASE_TEXT_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/str.h"

/* What Postfix takes as separators in most lists: blank, tab, line ends and comma. */
#define TEXT_LIST_SEPARATORS ", \t\r\n"

/* nocase: ASCII letters only, whatever the locale. */
bool text_equal(const char *left, const char *right);
bool text_equal_nocase(const char *left, const char *right);
bool text_starts_with(const char *text, const char *prefix);
bool text_starts_with_nocase(const char *text, const char *prefix);
bool text_ends_with(const char *text, const char *suffix);
bool text_ends_with_nocase(const char *text, const char *suffix);
bool text_is_digits(const char *text); /* one or more of 0 to 9, nothing else */
bool text_is_ascii(const char *text);
bool text_is_utf8(const char *text, size_t length);

/* ASCII only, whatever the locale. */
char text_lower_char(char c);
void text_lower(char *text); /* in place */
bool text_is_space(char c);  /* blank, \t \r \n \v \f */
bool text_is_digit(char c);
bool text_is_alnum(char c);

/* Takes the next word from *cursor: skips any of separators, returns the word as (*word, *length) and moves the cursor
 * behind it. False at the end of text. With braces, "{ ... }" is one word (braces included, nested ones counted). */
bool text_next_word(const char **cursor, const char *separators, const char **word, size_t *length);
bool text_next_word_braced(const char **cursor, const char *separators, const char **word, size_t *length);

/* Whether the word is one of the list's (TEXT_LIST_SEPARATORS). */
bool text_list_has(const char *list, const char *word);
bool text_list_has_nocase(const char *list, const char *word);

/* Appends text with every byte that isn't printable ASCII (or, if utf8, part of valid UTF-8) replaced. */
void text_put_printable(struct str *out, const char *text, size_t length, char replacement, bool utf8);
#endif
