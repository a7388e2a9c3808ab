/* tls_session.h: sessions of earlier connections: those that this process remembers by itself, or those of a store that several
 * processes share. */
#ifndef UTIL_NET_TLS_SESSION_H
#define UTIL_NET_TLS_SESSION_H
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/base/str.h"

/* A store: all three get its context. find: replaces *session; false: there is none. put and forget can't fail as far as anybody
 * cares. */
struct tls_store {
    bool (*find)(void *context, const char *key, struct str *session);
    void (*put)(void *context, const char *key, const void *session, size_t length);
    void (*forget)(void *context, const char *key);
};

struct tls_session_cache;

/* timeout_s: how long a session counts. */
struct tls_session_cache *tls_session_cache_new(int64_t timeout_s);
void tls_session_cache_free(struct tls_session_cache *cache); /* NULL is allowed */
/* From now on sessions are kept there. */
void tls_session_cache_use_store(struct tls_session_cache *cache, const struct tls_store *store, void *store_context);

/* The caller frees it. NULL: none. */
SSL_SESSION *tls_session_cache_find(struct tls_session_cache *cache, const char *key);
void tls_session_cache_put(struct tls_session_cache *cache, const char *key, SSL_SESSION *session);
#endif
