/* domain_name.h: whether a text can be a host or domain name, or an address literal (RFC 1123 section 2.1, RFC 5321 section
 * 4.1.3). '_' is let through, since real names have it. */
#ifndef UTIL_NET_DOMAIN_NAME_H
#define UTIL_NET_DOMAIN_NAME_H
#include <stdbool.h>

/* Labels of 1 to 63 letters, digits, '-' and '_', not beginning or ending with '-', 255 bytes at most; UTF-8 letters where
 * utf8. Not all numeric ("1.2.3.4") unless numeric_too. */
bool domain_name_is_valid(const char *name, bool numeric_too, bool utf8);
/* "[192.0.2.1]", "[IPv6:2001:db8::1]": true, with the bare address in address (INET6_ADDRSTRLEN bytes or more). */
bool domain_name_is_literal(const char *name, char *address, unsigned long size);
#endif
