/* escape.h: what a client sent, for a log line, with \r \n \t \\ and \ooo. */
#ifndef SMTPD_SCREEN_ESCAPE_H
#define SMTPD_SCREEN_ESCAPE_H
#include <stddef.h>

#include "util/base/str.h"

/* Appended. */
void escape_put(struct str *out, const char *bytes, size_t length);
#endif
