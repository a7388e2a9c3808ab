/* tls_chain.h: private keys and certificate chains into a context. */
#ifndef UTIL_NET_TLS_CHAIN_H
#define UTIL_NET_TLS_CHAIN_H
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <time.h>

#include "util/base/str.h"

/* PEM with one or more of: a private key, its certificate, the certificates of its issuers. False: *why says what is
 * wrong. */
bool tls_chain_load(SSL_CTX *ssl, BIO *pem, struct str *why);
/* A list of such files, read one behind the other (*_tls_chain_files). False: logged, and *why names the parameter. */
bool tls_chain_load_files(SSL_CTX *ssl, const char *parameter, const char *files, struct str *why);
/* One certificate and its key (*_tls_cert_file and *_tls_key_file), kind "RSA", "DSA" or "ECDSA". False as above. */
bool tls_chain_load_pair(SSL_CTX *ssl, const char *kind, const char *cert_parameter, const char *cert_file,
    const char *key_parameter, const char *key_file, struct str *why);
/* Warns of certificates of ours that are out of date or will be within 14 days. prefix: of the parameters' names. */
void tls_chain_warn_of_expiry(SSL_CTX *ssl, const char *prefix, time_t now);
#endif
