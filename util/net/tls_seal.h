/* tls_seal.h: TLS sessions on their way to a cache that others can read and write: encrypted and authenticated (AES-256-GCM) with
 * a key made from the secret of one service, and bound to the name under which they are kept. */
#ifndef UTIL_NET_TLS_SEAL_H
#define UTIL_NET_TLS_SEAL_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/str.h"

/* secret: TLS_SECRET_BYTES. Replaces *out. False: the library failed. */
bool tls_seal_close(const unsigned char *secret, const char *name, const void *bytes, size_t length, struct str *out);
/* False: not what tls_seal_close made with this secret and name. */
bool tls_seal_open(const unsigned char *secret, const char *name, const void *bytes, size_t length, struct str *out);
#endif
