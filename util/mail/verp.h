/* verp.h: variable envelope return paths (Postfix's VERP_README): the sender's address names the recipient, so that a bounce tells
 * which one it is about. */
#ifndef UTIL_MAIL_VERP_H
#define UTIL_MAIL_VERP_H
#include <stdbool.h>

#include "util/base/str.h"

/* Whether a text may be used as delimiters: two characters of allowed (verp_delimiter_filter). */
bool verp_delimiters_are_valid(const char *delimiters, const char *allowed);

/* "list@a.example" for "user@b.example" with "+=" is "list+user=b.example@a.example". All in internal form; the result replaces
 * *out. delimiters are two characters. */
void verp_sender(const char *sender, const char *recipient, const char *delimiters, struct str *out);
#endif
