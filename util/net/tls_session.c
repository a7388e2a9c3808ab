#include "util/net/tls_session.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util/base/memory.h"
#include "util/base/text.h"

enum { SESSIONS_KEPT = 64, SESSION_BYTES_MAX = 16384 };

struct kept_session {
    char *key;
    SSL_SESSION *session;
};

struct tls_session_cache {
    int64_t timeout_s;
    const struct tls_store *store; /* NULL: our own memory */
    void *store_context;
    struct kept_session sessions[SESSIONS_KEPT];
    size_t next;
};

struct tls_session_cache *tls_session_cache_new(int64_t timeout_s)
{
    struct tls_session_cache *cache = memory_new(struct tls_session_cache);

    cache->timeout_s = timeout_s;
    return cache;
}

void tls_session_cache_free(struct tls_session_cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < SESSIONS_KEPT; i++) {
        free(cache->sessions[i].key);
        SSL_SESSION_free(cache->sessions[i].session);
    }
    free(cache);
}

void tls_session_cache_use_store(struct tls_session_cache *cache, const struct tls_store *store, void *store_context)
{
    cache->store = store;
    cache->store_context = store_context;
}

static struct kept_session *find_kept(struct tls_session_cache *cache, const char *key)
{
    for (size_t i = 0; i < SESSIONS_KEPT; i++) {
        if (cache->sessions[i].key != NULL && text_equal(cache->sessions[i].key, key))
            return &cache->sessions[i];
    }
    return NULL;
}

static SSL_SESSION *find_own(struct tls_session_cache *cache, const char *key)
{
    const struct kept_session *kept = find_kept(cache, key);

    if (kept == NULL || kept->session == NULL || SSL_SESSION_up_ref(kept->session) != 1)
        return NULL;
    return kept->session;
}

static SSL_SESSION *find_stored(const struct tls_session_cache *cache, const char *key)
{
    SSL_SESSION *session = NULL;
    struct str bytes = {0};

    if (cache->store->find(cache->store_context, key, &bytes)) {
        const unsigned char *at = (const unsigned char *)bytes.data;
        session = d2i_SSL_SESSION(NULL, &at, (long)bytes.length);
        ERR_clear_error();
    }
    if (bytes.data != NULL)
        OPENSSL_cleanse(bytes.data, bytes.length);
    str_free(&bytes);
    return session;
}

SSL_SESSION *tls_session_cache_find(struct tls_session_cache *cache, const char *key)
{
    SSL_SESSION *session = cache->store == NULL ? find_own(cache, key) : find_stored(cache, key);

    if (session == NULL)
        return NULL;
    int64_t age_s = (int64_t)time(NULL) - SSL_SESSION_get_time(session);
    if (age_s < cache->timeout_s && SSL_SESSION_is_resumable(session) == 1)
        return session;
    SSL_SESSION_free(session);
    if (cache->store != NULL)
        cache->store->forget(cache->store_context, key);
    return NULL;
}

static void put_own(struct tls_session_cache *cache, const char *key, SSL_SESSION *session)
{
    struct kept_session *kept = find_kept(cache, key);

    if (SSL_SESSION_up_ref(session) != 1)
        return;
    if (kept == NULL) {
        kept = &cache->sessions[cache->next++ % SESSIONS_KEPT];
        free(kept->key);
        kept->key = memory_copy_text(key);
    }
    SSL_SESSION_free(kept->session);
    kept->session = session;
}

void tls_session_cache_put(struct tls_session_cache *cache, const char *key, SSL_SESSION *session)
{
    unsigned char bytes[SESSION_BYTES_MAX];
    unsigned char *at = bytes;

    if (cache->store == NULL) {
        put_own(cache, key, session);
        return;
    }
    int length = i2d_SSL_SESSION(session, NULL);
    if (length <= 0 || length > SESSION_BYTES_MAX || i2d_SSL_SESSION(session, &at) != length)
        return;
    cache->store->put(cache->store_context, key, bytes, (size_t)length);
    OPENSSL_cleanse(bytes, sizeof(bytes));
}
