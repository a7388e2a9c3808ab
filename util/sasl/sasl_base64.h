/* sasl_base64.h: base64 (RFC 4648 section 4) as SASL over SMTP uses it: no line breaks, nothing but the alphabet, full groups. */
#ifndef UTIL_SASL_SASL_BASE64_H
#define UTIL_SASL_SASL_BASE64_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/str.h"

/* RFC 4648 section 4, with padding; "" is. */
bool sasl_base64_is_valid(const char *text);
/* Appends to *out. False: not base64; *out got nothing. */
bool sasl_base64_decode(const char *text, struct str *out);
void sasl_base64_encode(const void *bytes, size_t length, struct str *out);

/* Overwrites a secret before its memory is given back; the text is empty and usable afterwards. */
void sasl_wipe(struct str *secret);
#endif
