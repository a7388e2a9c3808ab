#include "util/net/tls_seal.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#include "util/net/tls_context.h"

enum { IV_BYTES = 12, TAG_BYTES = 16, KEY_BYTES = 32 };

/* A key of its own: the secret also makes those of tickets. */
static bool derive(const unsigned char *secret, unsigned char key[KEY_BYTES])
{
    static const unsigned char label[] = "session cache";
    unsigned length = KEY_BYTES;

    return HMAC(EVP_sha256(), secret, TLS_SECRET_BYTES, label, sizeof(label), key, &length) != NULL;
}

static EVP_CIPHER_CTX *start(const unsigned char *secret, const char *name, const unsigned char *iv, bool encrypt)
{
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    unsigned char key[KEY_BYTES];
    int unused;
    bool good = cipher != NULL && derive(secret, key)
        && EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, iv, encrypt) == 1
        && EVP_CipherUpdate(cipher, NULL, &unused, (const unsigned char *)name, (int)strlen(name)) == 1;

    OPENSSL_cleanse(key, sizeof(key));
    if (good)
        return cipher;
    EVP_CIPHER_CTX_free(cipher);
    return NULL;
}

bool tls_seal_close(const unsigned char *secret, const char *name, const void *bytes, size_t length, struct str *out)
{
    unsigned char iv[IV_BYTES];
    unsigned char tag[TAG_BYTES];
    int count;

    str_clear(out);
    if (length > INT_MAX / 2 || RAND_bytes(iv, sizeof(iv)) != 1)
        return false;
    EVP_CIPHER_CTX *cipher = start(secret, name, iv, true);
    if (cipher == NULL)
        return false;
    str_put_bytes(out, iv, sizeof(iv));
    str_reserve(out, length + 1);
    unsigned char *at = (unsigned char *)out->data + out->length;
    bool good = EVP_CipherUpdate(cipher, at, &count, bytes, (int)length) == 1 && EVP_CipherFinal_ex(cipher, at + count, &count) == 1
        && EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, tag) == 1;
    EVP_CIPHER_CTX_free(cipher);
    if (!good)
        return false;
    out->length += length; /* this mode keeps lengths */
    str_put_bytes(out, tag, sizeof(tag));
    return true;
}

bool tls_seal_open(const unsigned char *secret, const char *name, const void *bytes, size_t length, struct str *out)
{
    const unsigned char *sealed = bytes;
    unsigned char tag[TAG_BYTES];
    int count;

    str_clear(out);
    if (length < IV_BYTES + TAG_BYTES || length > INT_MAX / 2)
        return false;
    size_t inside = length - IV_BYTES - TAG_BYTES;
    memcpy(tag, sealed + IV_BYTES + inside, TAG_BYTES);
    EVP_CIPHER_CTX *cipher = start(secret, name, sealed, false);
    if (cipher == NULL)
        return false;
    str_reserve(out, inside + 1);
    unsigned char *at = (unsigned char *)out->data;
    bool good = EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) == 1
        && EVP_CipherUpdate(cipher, at, &count, sealed + IV_BYTES, (int)inside) == 1
        && EVP_CipherFinal_ex(cipher, at + count, &count) == 1;
    EVP_CIPHER_CTX_free(cipher);
    ERR_clear_error();
    if (!good)
        return false;
    out->length = inside;
    out->data[inside] = '\0';
    return true;
}
