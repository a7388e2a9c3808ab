/* brace.h: "{ ... }" in configuration text: lists whose elements may be enclosed, so that they can hold separators. */
#ifndef UTIL_BASE_BRACE_H
#define UTIL_BASE_BRACE_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/str.h"

/* Takes the next element of a list: up to a separator outside of braces. *word replaces; false at the end. */
bool brace_next_word(const char **cursor, const char *separators, struct str *word);

/* What stands between the outer braces of text, without white space around it, replaces *inner. False: *why (replaced) says
 * what is wrong with text. */
bool brace_content(const char *text, struct str *inner, struct str *why);
#endif
