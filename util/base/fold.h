/* fold.h: text for comparison without case, as tables and addresses need it: ASCII letters, or full Unicode case folding
 * (with utf8, when the text is valid UTF-8). */
#ifndef UTIL_BASE_FOLD_H
#define UTIL_BASE_FOLD_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/str.h"

/* Appended to *out. */
void fold_put(struct str *out, const char *text, size_t length, bool utf8);
#endif
