#include "util/net/tls_anchors.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"

enum { ANCHORS_MAX = 200, ANCHOR_BYTES_MAX = 65535 };

/* TLSA records (RFC 6698) of the whole certificate or key, without a digest. The library looks for usage 2 above the server's own
 * certificate, and for usage 3 there; names are matched for both. */
enum { USAGE_ANCHOR = 2, USAGE_SERVER = 3, SELECT_CERTIFICATE = 0, SELECT_KEY = 1, MATCH_WHOLE = 0 };

struct anchor {
    uint8_t selector;
    unsigned char *der;
    size_t length;
};

struct tls_anchors {
    struct anchor list[ANCHORS_MAX];
    size_t count;
};

/* NULL: neither certificate nor key. */
static unsigned char *encode(const char *label, const unsigned char *bytes, long length, struct anchor *anchor)
{
    const unsigned char *at = bytes;
    unsigned char *der = NULL;
    int size = -1;

    if (text_equal(label, PEM_STRING_X509) || text_equal(label, PEM_STRING_X509_OLD) || text_equal(label, PEM_STRING_X509_TRUSTED)) {
        X509 *certificate = d2i_X509(NULL, &at, length); /* what follows in a TRUSTED one isn't ours to judge */
        size = certificate == NULL ? -1 : i2d_X509(certificate, &der);
        X509_free(certificate);
        anchor->selector = SELECT_CERTIFICATE;
    } else if (text_equal(label, PEM_STRING_PUBLIC)) {
        EVP_PKEY *key = d2i_PUBKEY(NULL, &at, length);
        size = key == NULL ? -1 : i2d_PUBKEY(key, &der);
        EVP_PKEY_free(key);
        anchor->selector = SELECT_KEY;
    }
    if (size <= 0 || size > ANCHOR_BYTES_MAX) {
        OPENSSL_free(der);
        return NULL;
    }
    anchor->length = (size_t)size;
    return der;
}

static bool add(struct tls_anchors *anchors, const char *label, const unsigned char *bytes, long length)
{
    struct anchor anchor = {0};

    if (anchors->count == ANCHORS_MAX || (anchor.der = encode(label, bytes, length, &anchor)) == NULL)
        return false;
    anchors->list[anchors->count++] = anchor;
    return true;
}

static bool read_all(struct tls_anchors *anchors, BIO *pem)
{
    char *label;
    char *header;
    unsigned char *bytes;
    long length;
    size_t before = anchors->count;
    bool good = true;

    while (good && PEM_read_bio(pem, &label, &header, &bytes, &length) == 1) {
        good = add(anchors, label, bytes, length);
        OPENSSL_free(label);
        OPENSSL_free(header);
        OPENSSL_free(bytes);
    }
    good = good && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE; /* the end, not a broken block */
    ERR_clear_error();
    return good && anchors->count > before;
}

static bool read_file(struct tls_anchors *anchors, const char *file, struct str *why)
{
    errno = 0;
    BIO *pem = BIO_new_file(file, "r");

    if (pem == NULL) {
        str_printf(why, "error opening trust anchor file: %s: %s", file, strerror(errno));
        ERR_clear_error();
        return false;
    }
    bool good = read_all(anchors, pem);
    BIO_free(pem);
    if (!good)
        str_printf(why, "trust anchor file %s: not a list of certificates and public keys in PEM", file);
    return good;
}

struct tls_anchors *tls_anchors_open(const char *files, struct str *why)
{
    struct tls_anchors *anchors = memory_new(struct tls_anchors);
    const char *word;
    size_t length;
    bool good = true;

    str_clear(why);
    while (good && text_next_word(&files, TEXT_LIST_SEPARATORS, &word, &length)) {
        struct str file = {0};
        str_put_bytes(&file, word, length);
        good = read_file(anchors, str_text(&file), why);
        str_free(&file);
    }
    if (good)
        return anchors;
    tls_anchors_close(anchors);
    return NULL;
}

void tls_anchors_close(struct tls_anchors *anchors)
{
    if (anchors == NULL)
        return;
    for (size_t i = 0; i < anchors->count; i++)
        OPENSSL_free(anchors->list[i].der);
    free(anchors);
}

bool tls_anchors_use(const struct tls_anchors *anchors, SSL *ssl)
{
    if (SSL_CTX_dane_enable(SSL_get_SSL_CTX(ssl)) != 1 || SSL_dane_enable(ssl, "localhost") != 1)
        return false;
    for (size_t i = 0; i < anchors->count; i++) {
        const struct anchor *anchor = &anchors->list[i];
        for (uint8_t usage = USAGE_ANCHOR; usage <= USAGE_SERVER; usage++) {
            if (SSL_dane_tlsa_add(ssl, usage, anchor->selector, MATCH_WHOLE, anchor->der, anchor->length) != 1)
                return false;
        }
    }
    /* The name was needed only for SSL_dane_enable, which set it in both places. */
    return SSL_set_tlsext_host_name(ssl, NULL) == 1 && X509_VERIFY_PARAM_set1_host(SSL_get0_param(ssl), NULL, 0) == 1;
}

bool tls_anchors_has(const struct tls_anchors *anchors, const X509 *certificate)
{
    unsigned char *der = NULL;
    bool found = false;

    int length = i2d_X509(certificate, &der);
    for (size_t i = 0; i < anchors->count && length > 0; i++) {
        const struct anchor *anchor = &anchors->list[i];
        found |= anchor->selector == SELECT_CERTIFICATE && anchor->length == (size_t)length
            && memcmp(anchor->der, der, anchor->length) == 0;
    }
    OPENSSL_free(der);
    return found;
}

void tls_anchors_put(const struct tls_anchors *anchors, struct str *out)
{
    for (size_t i = 0; i < anchors->count; i++) {
        str_printf(out, "&%zu:", anchors->list[i].length);
        str_put_bytes(out, (const char *)anchors->list[i].der, anchors->list[i].length);
    }
}
