/* date.h: dates as message headers have them (RFC 5322 section 3.3), with the zone's name as a comment, as Postfix writes them:
 * "Sun, 22 Nov 2026 01:02:03 +0000 (UTC)". */
#ifndef UTIL_MAIL_DATE_H
#define UTIL_MAIL_DATE_H
#include <stdint.h>

enum { DATE_TEXT_BYTES = 64 };

/* In the local zone. seconds since 1970. The text stands in buffer and is returned. */
const char *date_format(int64_t seconds, char buffer[DATE_TEXT_BYTES]);
#endif
