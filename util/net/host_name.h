/* host_name.h: whether text is a host name or an address (RFC 1035 section 2.3.1, RFC 5321 section 4.1.3), as Postfix judges:
 * underscores are allowed, a name of digits and dots alone is not a name. With gripe, the reason for a no is logged. */
#ifndef UTIL_NET_HOST_NAME_H
#define UTIL_NET_HOST_NAME_H
#include <stdbool.h>

enum host_name_gripe { HOST_NAME_SILENT, HOST_NAME_GRIPE };

bool host_name_is_valid(const char *name, enum host_name_gripe gripe);
/* An IPv4 or IPv6 address without brackets. */
bool host_name_is_address(const char *text, enum host_name_gripe gripe);
/* What stands between the brackets of an address literal: "192.0.2.1" or "IPv6:2001:db8::1". */
bool host_name_is_literal(const char *text, enum host_name_gripe gripe);
/* The address of a literal's content: text behind "IPv6:", else text itself. */
const char *host_name_literal_address(const char *text);
#endif
