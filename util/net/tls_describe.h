/* tls_describe.h: an established connection in words: struct tls_facts and the summary line of the log. */
#ifndef UTIL_NET_TLS_DESCRIBE_H
#define UTIL_NET_TLS_DESCRIBE_H
#include <openssl/ssl.h>

#include "util/base/arena.h"
#include "util/net/tls_facts.h"

/* All but trust. Texts live in the arena. */
void tls_describe_connection(SSL *ssl, bool is_server, const EVP_MD *digest, struct arena *arena,
    struct tls_facts *facts);
/* "Trusted TLS connection established from NAME: TLSv1.3 with cipher ..." */
void tls_describe_log(const struct tls_facts *facts, bool is_server, const char *peer);
#endif
