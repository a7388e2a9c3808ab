/* tls_server_session.h: servers that find sessions by their id (RFC 5246 section 7.3) in a store, for clients that don't use
 * tickets. */
#ifndef UTIL_NET_TLS_SERVER_SESSION_H
#define UTIL_NET_TLS_SERVER_SESSION_H
#include <openssl/ssl.h>

#include "util/net/tls_session.h"

/* For all connections of that context that have a cache. */
void tls_server_session_use(SSL_CTX *ssl);
/* For this connection: where sessions are, and who connects, for the log; both are borrowed until it ends. */
void tls_server_session_attach(SSL *ssl, struct tls_session_cache *cache, const char *peer, int log_level);
#endif
