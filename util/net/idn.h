/* idn.h: internationalised domain names (RFC 5890): U-labels as people write them, A-labels ("xn--") as DNS has them. */
#ifndef UTIL_NET_IDN_H
#define UTIL_NET_IDN_H
#include <stdbool.h>

#include "util/base/str.h"

/* enable_idna2003_compatibility: from now on names are turned into ASCII as IDNA 2003 did ("ß" is "ss"). The one static of
 * idn.c. */
void idn_use_2003(bool on);

/* Appends the ASCII form (an ASCII name as it is). False: not a valid name, nothing is appended. */
bool idn_to_ascii(const char *name, struct str *out);
/* Appends the UTF-8 form of a name with A-labels. False: not a valid name, nothing is appended. */
bool idn_to_utf8(const char *name, struct str *out);
#endif
