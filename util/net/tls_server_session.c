#include "util/net/tls_server_session.h"

#include <stdint.h>

#include "util/log/log.h"

static int peer_index(void)
{
    static int index = -1;

    if (index < 0)
        index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    return index;
}

static int cache_index(void)
{
    static int index = -1;

    if (index < 0)
        index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    return index;
}

/* By name, the session's id in hexadecimal digits. */
static void put_key(const unsigned char *id, size_t length, struct str *key)
{
    for (size_t i = 0; i < length; i++)
        str_printf(key, "%02X", id[i]);
}

/* Set for connections whose log level asks for more than the summary. */
static void log_step(SSL *ssl, const char *before, const char *key, const char *behind)
{
    const char *peer = SSL_get_ex_data(ssl, peer_index());

    if (peer != NULL)
        log_info("%s: %s session %s %s smtpd cache", peer, before, key, behind);
}

static struct tls_session_cache *cache_of(SSL *ssl)
{
    return SSL_get_ex_data(ssl, cache_index()); /* not the context's: that may change with the name that the client asks for */
}

static int on_new_session(SSL *ssl, SSL_SESSION *session)
{
    struct tls_session_cache *cache = cache_of(ssl);
    struct str key = {0};
    unsigned length;

    const unsigned char *id = SSL_SESSION_get_id(session, &length);
    if (cache == NULL || length == 0)
        return 0;
    put_key(id, length, &key);
    log_step(ssl, "save", str_text(&key), "to");
    tls_session_cache_put(cache, str_text(&key), session);
    str_free(&key);
    return 0; /* it stays the library's */
}

static SSL_SESSION *on_wanted_session(SSL *ssl, const unsigned char *id, int length, int *copy)
{
    struct tls_session_cache *cache = cache_of(ssl);
    struct str key = {0};

    *copy = 0;
    if (cache == NULL || length <= 0)
        return NULL;
    put_key(id, (size_t)length, &key);
    log_step(ssl, "looking up", str_text(&key), "in");
    SSL_SESSION *session = tls_session_cache_find(cache, str_text(&key));
    if (session != NULL)
        log_step(ssl, "reloaded", str_text(&key), "from");
    str_free(&key);
    return session;
}

void tls_server_session_use(SSL_CTX *ssl)
{
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL | SSL_SESS_CACHE_NO_AUTO_CLEAR);
    SSL_CTX_sess_set_new_cb(ssl, on_new_session);
    SSL_CTX_sess_set_get_cb(ssl, on_wanted_session);
}

void tls_server_session_attach(SSL *ssl, struct tls_session_cache *cache, const char *peer, int log_level)
{
    (void)SSL_set_ex_data(ssl, cache_index(), cache); /* without it there is no cache */
    if (log_level >= 2)
        (void)SSL_set_ex_data(ssl, peer_index(), (void *)(uintptr_t)peer); /* only log lines depend on it */
}
