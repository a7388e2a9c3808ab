/* host_name.h: whether text is a host name or an address (RFC 1035 section 2.3.1, RFC 1123 section 2.1, RFC 5321 section 4.1.3), as
 * Postfix judges: underscores are allowed, a name of digits and dots alone is not a name. */
#ifndef UTIL_NET_HOST_NAME_H
#define UTIL_NET_HOST_NAME_H
#include <stdbool.h>
#include <stddef.h>

/* How to judge; bits. */
enum host_name_how {
    HOST_NAME_SILENT = 0,
    HOST_NAME_GRIPE = 1,       /* the reason for a no is logged */
    HOST_NAME_NUMERIC_TOO = 2, /* "1.2.3.4" will do as a name */
    HOST_NAME_UTF8 = 4,        /* letters beyond ASCII will do */
};

/* Labels of 1 to 63 letters, digits, '-' and '_', not beginning or ending with '-'; 255 bytes at most. */
bool host_name_is_valid(const char *name, unsigned how);
/* An IPv4 or IPv6 address without brackets. */
bool host_name_is_address(const char *text, unsigned how);
/* What stands between the brackets of an address literal: "192.0.2.1" or "IPv6:2001:db8::1". */
bool host_name_is_literal(const char *text, unsigned how);
/* A whole literal, "[192.0.2.1]" or "[IPv6:2001:db8::1]": true, with the bare address (INET6_ADDRSTRLEN bytes or more). */
bool host_name_take_literal(const char *text, unsigned how, char *address, size_t size);
#endif
