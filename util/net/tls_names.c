#include "util/net/tls_names.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/net/tls_chain.h"
#include "util/net/tls_log.h"

enum { KEPT_MAX = 256, NAME_MAX_BYTES = 255 };

struct kept_chain {
    char *name;   /* as asked for */
    SSL_CTX *ssl; /* holds its keys and certificates */
};

struct tls_names {
    tls_names_find *find;
    void *find_context;
    struct kept_chain kept[KEPT_MAX];
    size_t kept_count;
};

static int peer_index(void)
{
    static int index = -1;

    if (index < 0)
        index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    return index;
}

static int match_index(void)
{
    static int index = -1;

    if (index < 0)
        index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    return index;
}

struct tls_names *tls_names_open(tls_names_find *find, void *find_context)
{
    struct tls_names *names = memory_new(struct tls_names);

    names->find = find;
    names->find_context = find_context;
    return names;
}

static void forget_all(struct tls_names *names)
{
    for (size_t i = 0; i < names->kept_count; i++) {
        free(names->kept[i].name);
        SSL_CTX_free(names->kept[i].ssl);
    }
    names->kept_count = 0;
}

void tls_names_close(struct tls_names *names)
{
    if (names != NULL)
        forget_all(names);
    free(names);
}

bool tls_names_is_valid(const char *name)
{
    size_t length = strlen(name);

    if (length == 0 || length > NAME_MAX_BYTES || *name == '.' || *name == '-')
        return false;
    for (const char *at = name; *at != '\0'; at++) {
        if (!text_is_alnum(*at) && *at != '-' && *at != '_' && *at != '.')
            return false;
        if (*at == '.' && (at[1] == '.' || at[1] == '-'))
            return false;
    }
    return true;
}

/* The name, then its parents with a dot in front. */
static bool find_pem(const struct tls_names *names, const char *name, struct str *pem)
{
    for (const char *key = name; key != NULL; key = strchr(key + 1, '.')) {
        if (names->find(names->find_context, key, pem))
            return true;
    }
    return false;
}

static SSL_CTX *load(const struct tls_names *names, const char *name, const char *peer)
{
    struct str pem = {0};
    struct str why = {0};
    SSL_CTX *ssl = NULL;

    if (!find_pem(names, name, &pem)) {
        log_info("TLS SNI %s from %s not matched, using default chain", name, peer);
    } else {
        BIO *bio = BIO_new_mem_buf(str_text(&pem), (int)pem.length);
        ssl = SSL_CTX_new(TLS_server_method());
        if (ssl == NULL || bio == NULL || !tls_chain_load(ssl, bio, &why)) {
            log_warning("error loading private keys and certificates from: SNI data for %s: %s", name, str_text(&why));
            tls_log_problems();
            SSL_CTX_free(ssl);
            ssl = NULL;
        }
        BIO_free(bio);
    }
    if (pem.data != NULL)
        OPENSSL_cleanse(pem.data, pem.length);
    str_free(&pem);
    str_free(&why);
    return ssl;
}

static const struct kept_chain *find_chain(struct tls_names *names, const char *name, const char *peer)
{
    for (size_t i = 0; i < names->kept_count; i++) {
        if (text_equal(names->kept[i].name, name))
            return &names->kept[i];
    }
    SSL_CTX *ssl = load(names, name, peer);
    if (ssl == NULL)
        return NULL;
    if (names->kept_count == KEPT_MAX) /* somebody asks for ever new names below one ".domain" */
        forget_all(names);
    names->kept[names->kept_count] = (struct kept_chain){ .name = memory_copy_text(name), .ssl = ssl };
    return &names->kept[names->kept_count++];
}

static int on_name(SSL *ssl, int *alert, void *context)
{
    struct tls_names *names = context;
    const char *peer = SSL_get_ex_data(ssl, peer_index());
    const char *asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    char name[NAME_MAX_BYTES + 1];

    if (peer == NULL)
        peer = "client";
    if (asked == NULL || *asked == '\0')
        return SSL_TLSEXT_ERR_NOACK;
    if (!tls_names_is_valid(asked)) {
        log_warning("TLS SNI from %s is invalid: %s", peer, asked);
        return SSL_TLSEXT_ERR_NOACK;
    }
    memcpy(name, asked, strlen(asked) + 1);
    text_lower(name);
    const struct kept_chain *chain = find_chain(names, name, peer);
    if (chain == NULL)
        return SSL_TLSEXT_ERR_NOACK;
    if (SSL_set_SSL_CTX(ssl, chain->ssl) == NULL)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    (void)SSL_set_ex_data(ssl, match_index(), chain->name); /* only the log line depends on it */
    return SSL_TLSEXT_ERR_OK;
}

void tls_names_use(struct tls_names *names, SSL_CTX *ssl)
{
    SSL_CTX_set_tlsext_servername_callback(ssl, on_name);
    SSL_CTX_set_tlsext_servername_arg(ssl, names);
}

const char *tls_names_matched(const SSL *ssl)
{
    return SSL_get_ex_data(ssl, match_index());
}

void tls_names_set_peer(SSL *ssl, const char *peer)
{
    (void)SSL_set_ex_data(ssl, peer_index(), (char *)peer); /* only log lines depend on it */
}
