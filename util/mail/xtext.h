/* xtext.h: text in the form of ESMTP parameters (RFC 3461 section 4). */
#ifndef UTIL_MAIL_XTEXT_H
#define UTIL_MAIL_XTEXT_H
#include "util/base/str.h"

/* Appends text; '+', '=' and what isn't printable ASCII become "+XX". */
void xtext_put(struct str *out, const char *text);
/* Appends UTF-8 text as RFC 6533 section 3 has it (utf-8-addr-xtext): what isn't ASCII becomes "\x{FC}"; bytes that are no UTF-8
 * become '?'. */
void xtext_put_utf8(struct str *out, const char *text);
/* Appends what the text stands for; a '+' that isn't followed by two hexadecimal digits stays. A zero byte becomes '?'. */
void xtext_decode(struct str *out, const char *text);
/* The same for what xtext_put_utf8 makes: "\x{FC}" stands for the character with that number (RFC 6533 section 3). One that is
 * none, or a control character, stays as it is written. */
void xtext_decode_utf8(struct str *out, const char *text);
#endif
