/* expand.h: the $name language of main.cf: $name ${name} $(name) ${name?text} ${name:text} ${name?{text}:{text}}
 * ${{a} == {b} ? {text} : {text}} $$; the operators are == != < <= >= >, and the same followed by "level", which compare
 * compatibility levels such as 3.10. Syntax: postconf(5). Used for main.cf and by programs for their own names (RAW). */
#ifndef UTIL_CONFIG_EXPAND_H
#define UTIL_CONFIG_EXPAND_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/str.h"

/* The value of a name, or NULL. A value that came from outside (data) is never expanded again: set *is_data. */
typedef const char *expand_lookup(void *context, const char *name, bool *is_data);

/* Appends to *out. A name that isn't there is empty. False: *why says what is wrong, in Postfix's words. */
bool expand_text(const char *text, expand_lookup *lookup, void *context, struct str *out, struct str *why);

/* The same; *lacks_value: a name isn't there, and the text doesn't cope with that ($name, not ${name?text}). */
bool expand_text_known(const char *text, expand_lookup *lookup, void *context, struct str *out, struct str *why, bool *lacks_value);

/* A compatibility level such as 3.6 as one comparable number; false: bad syntax. */
bool expand_parse_level(const char *text, long *level);

/* Calls found for each name that text refers to, also inside of conditions and results; optional: the text copes with it
 * being undefined. False: it stopped at a syntax error, *why says which. */
typedef void expand_found(void *context, const char *name, bool optional);
bool expand_names(const char *text, expand_found *found, void *context, struct str *why);
#endif
