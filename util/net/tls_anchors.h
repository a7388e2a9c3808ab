/* tls_anchors.h: certificates and public keys one of which a server's chain must lead to, in place of the usual authorities
 * (smtp_tls_trust_anchor_file). Wherever in the chain one of these stands, what is above it doesn't matter, nor does its own
 * date. */
#ifndef UTIL_NET_TLS_ANCHORS_H
#define UTIL_NET_TLS_ANCHORS_H
#include <openssl/ssl.h>
#include <stdbool.h>

#include "util/base/str.h"

struct tls_anchors;

/* files: PEM, with blanks or commas between the names. NULL: one can't be used, and *why says which. */
struct tls_anchors *tls_anchors_open(const char *files, struct str *why);
void tls_anchors_close(struct tls_anchors *anchors); /* NULL is allowed */

/* Before the handshake, and before server name (SNI) and names to match are set: this one forgets both. */
bool tls_anchors_use(const struct tls_anchors *anchors, SSL *ssl);
/* Whether this certificate is one of them. */
bool tls_anchors_has(const struct tls_anchors *anchors, const X509 *certificate);
/* Appends bytes that are the same only for the same anchors. */
void tls_anchors_put(const struct tls_anchors *anchors, struct str *out);
#endif
