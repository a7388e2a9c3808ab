/* tls_chain.h: private keys and certificate chains into a context. */
#ifndef UTIL_NET_TLS_CHAIN_H
#define UTIL_NET_TLS_CHAIN_H
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <time.h>

#include "util/base/str.h"
#include "util/net/tls_material.h"

/* PEM with one or more of: a private key, its certificate, the certificates of its issuers. False: *why says what is
 * wrong. */
bool tls_chain_load(SSL_CTX *ssl, BIO *pem, struct str *why);
/* A list of such files, read one behind the other (*_tls_chain_files). False: logged, and *why names the parameter. */
bool tls_chain_load_files(SSL_CTX *ssl, const struct tls_material *material, const char *parameter, const char *files,
    struct str *why);
/* One certificate and its key (*_tls_cert_file and *_tls_key_file). False as above. */
struct tls_chain_pair {
    const char *kind; /* "RSA", "DSA" or "ECDSA" */
    const char *cert_parameter, *cert_file;
    const char *key_parameter, *key_file;
};
bool tls_chain_load_pair(SSL_CTX *ssl, const struct tls_material *material, const struct tls_chain_pair *pair, struct str *why);

/* Certificates of ours that are out of date or will be within 14 days: a sentence for each ("the certificate of /CN=a expires on
 * ..."), with line ends between them, is put behind *out. */
void tls_chain_put_expiry(SSL_CTX *ssl, time_t now, struct str *out);
/* The same for what lies in a file, as far as it can be read. */
void tls_chain_put_file_expiry(const char *file, time_t now, struct str *out);
#endif
