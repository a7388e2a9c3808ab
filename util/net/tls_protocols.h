/* tls_protocols.h: lists of TLS versions as main.cf writes them (smtpd_tls_protocols and its siblings): names to
 * allow, "!name" to forbid, ">=name" and "<=name" (or a hexadecimal number) for a range; separated by blanks, commas
 * or colons. Pure. */
#ifndef UTIL_NET_TLS_PROTOCOLS_H
#define UTIL_NET_TLS_PROTOCOLS_H
#include <stdbool.h>
#include <stdint.h>

struct tls_protocols {
    int minimum;        /* protocol number (0x0303: TLSv1.2); 0: no limit */
    int maximum;
    uint64_t forbidden; /* SSL_OP_NO_* */
};

/* False: not such a list. An empty one allows everything. */
bool tls_protocols_parse(const char *list, struct tls_protocols *protocols);
#endif
