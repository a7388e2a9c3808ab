/* tls_fingerprint.h: digests of certificates and public keys, written as "AB:CD:..." (relay_clientcerts,
 * check_ccert_access, the level fingerprint). */
#ifndef UTIL_NET_TLS_FINGERPRINT_H
#define UTIL_NET_TLS_FINGERPRINT_H
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "util/base/str.h"

/* NULL: the library doesn't have it. */
const EVP_MD *tls_fingerprint_digest(const char *name);
/* Replace *out; "" where it can't be computed. */
void tls_fingerprint_of_certificate(const EVP_MD *digest, const X509 *certificate, struct str *out);
void tls_fingerprint_of_key(const EVP_MD *digest, const X509 *certificate, struct str *out);
/* The same digest, whatever the case; colons in either are optional. Nothing equals an empty one. */
bool tls_fingerprint_equal(const char *left, size_t left_length, const char *right);
#endif
