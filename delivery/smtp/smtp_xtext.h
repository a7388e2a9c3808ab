/* smtp_xtext.h: xtext (RFC 3461 section 4): printable ASCII but '+' and '='; other bytes as "+2B". */
#ifndef DELIVERY_SMTP_XTEXT_H
#define DELIVERY_SMTP_XTEXT_H
#include "util/base/str.h"

void smtp_xtext_put(struct str *out, const char *text);
#endif
