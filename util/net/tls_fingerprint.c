#include "util/net/tls_fingerprint.h"

#include <openssl/crypto.h>

#include "util/base/text.h"

const EVP_MD *tls_fingerprint_digest(const char *name)
{
    return EVP_get_digestbyname(name);
}

static void put_hex(const unsigned char *bytes, unsigned length, struct str *out)
{
    str_clear(out);
    for (unsigned i = 0; i < length; i++)
        str_printf(out, i == 0 ? "%02X" : ":%02X", bytes[i]);
}

void tls_fingerprint_of_certificate(const EVP_MD *digest, const X509 *certificate, struct str *out)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned length = 0;

    if (X509_digest(certificate, digest, bytes, &length) != 1)
        length = 0;
    put_hex(bytes, length, out);
}

void tls_fingerprint_of_key(const EVP_MD *digest, const X509 *certificate, struct str *out)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned char *encoded = NULL;
    unsigned length = 0;
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &encoded);

    if (size <= 0 || EVP_Digest(encoded, (size_t)size, bytes, &length, digest, NULL) != 1)
        length = 0;
    OPENSSL_free(encoded);
    put_hex(bytes, length, out);
}

bool tls_fingerprint_equal(const char *left, size_t left_length, const char *right)
{
    const char *end = left + left_length;
    size_t digits = 0;

    for (;;) {
        while (left < end && *left == ':')
            left++;
        while (*right == ':')
            right++;
        if (left == end || *right == '\0')
            return digits > 0 && left == end && *right == '\0';
        if (text_lower_char(*left++) != text_lower_char(*right++))
            return false;
        digits++;
    }
}
