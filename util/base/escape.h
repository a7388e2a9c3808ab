/* escape.h: what a client sent, for a log line, with \r \n \t \\ and \ooo. */
#ifndef UTIL_BASE_ESCAPE_H
#define UTIL_BASE_ESCAPE_H
#include <stddef.h>

#include "util/base/str.h"

/* Appended. */
void escape_put(struct str *out, const char *bytes, size_t length);
#endif
