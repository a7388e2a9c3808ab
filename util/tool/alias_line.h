/* alias_line.h: one logical line "name: value" of an aliases(5) file, read as RFC 5322 tokens and laid out in standard form. */
#ifndef UTIL_TOOL_ALIAS_LINE_H
#define UTIL_TOOL_ALIAS_LINE_H
#include <stdbool.h>

#include "util/base/str.h"

/* The name without quotes and the list of destinations replace *name and *value. False: *why is what is wrong (constant). */
bool alias_line_parse(const char *line, struct str *name, struct str *value, const char **why);
#endif
