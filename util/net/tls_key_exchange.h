/* tls_key_exchange.h: which curves and groups keys are exchanged with (tls_eecdh_*_curve, tls_ffdhe_auto_groups,
 * *_dh1024_param_file). */
#ifndef UTIL_NET_TLS_KEY_EXCHANGE_H
#define UTIL_NET_TLS_KEY_EXCHANGE_H
#include <openssl/ssl.h>

/* Names of elliptic curves and of finite-field groups, as main.cf lists them; unknown ones are warned of. Both "", or no name
 * that is known: the library's own choice. */
void tls_key_exchange_set_groups(SSL_CTX *ssl, const char *curves, const char *groups);
/* Servers: a file of parameters of one's own; "", "auto", or one that can't be read (warned of): the library chooses by the key's
 * size. */
void tls_key_exchange_set_dh(SSL_CTX *ssl, const char *file);
#endif
