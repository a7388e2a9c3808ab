/* tls_names.h: the server side of SNI (RFC 6066 section 3): another key and certificate by the name that the client
 * asks for (tls_server_sni_maps). What was found is kept, so that keys are read once per process and name. */
#ifndef UTIL_NET_TLS_NAMES_H
#define UTIL_NET_TLS_NAMES_H
#include <openssl/ssl.h>
#include <stdbool.h>

#include "util/base/str.h"

struct tls_names;

/* Finds the keys and certificates for a name that a client asks for (PEM, replacing *pem). */
typedef bool tls_names_find(void *context, const char *name, struct str *pem);

struct tls_names *tls_names_open(tls_names_find *find, void *find_context);
void tls_names_close(struct tls_names *names); /* NULL is allowed */
void tls_names_use(struct tls_names *names, SSL_CTX *ssl);
/* A host name as SNI may have it: letters, digits, '-', '_' and dots. Pure. */
bool tls_names_is_valid(const char *name);
/* The name by which this connection's certificate was chosen; NULL: the default one is in use. */
const char *tls_names_matched(const SSL *ssl);
/* Who connects, for the log lines of the look-up; borrowed until the handshake is over. */
void tls_names_set_peer(SSL *ssl, const char *peer);
#endif
