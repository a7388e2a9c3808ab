/* octet_pattern.h: which answers of a DNS list count: "127.0.0.2", "127.0.[0..255].[1;3..5]" (postconf(5), reject_rbl_client
 * and postscreen_dnsbl_sites). */
#ifndef UTIL_NET_OCTET_PATTERN_H
#define UTIL_NET_OCTET_PATTERN_H
#include <stdbool.h>
#include <stdint.h>

#include "util/base/str.h"

struct octet_pattern {
    uint64_t allowed[4][4]; /* per octet 256 bits */
};

/* False: *why (replaced) says what is wrong, as Postfix words it: 'need ";" or "]" at "127.0.0.[3><"'. */
bool octet_pattern_parse(const char *text, struct octet_pattern *pattern, struct str *why);
bool octet_pattern_matches(const struct octet_pattern *pattern, const unsigned char octets[4]);
#endif
