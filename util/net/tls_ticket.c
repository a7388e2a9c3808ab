#include "util/net/tls_ticket.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util/base/memory.h"
#include "util/log/log.h"

enum { NAME_BYTES = 16, KEY_BYTES = 32, MAC_BYTES = 32 };

struct tls_ticket {
    const EVP_CIPHER *cipher;
    const unsigned char *secret;
    int64_t period_s;
};

struct ticket_key {
    unsigned char name[NAME_BYTES];
    unsigned char cipher[KEY_BYTES];
    unsigned char mac[MAC_BYTES];
};

/* Kept with the connection: its context may change with the name that the client asks for (tls_names.c). */
static int ticket_index(void)
{
    static int index = -1;

    if (index < 0)
        index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    return index;
}

static int peer_index(void)
{
    static int index = -1;

    if (index < 0)
        index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    return index;
}

/* Anything but NULL: a ticket was taken. */
static int taken_index(void)
{
    static int index = -1;

    if (index < 0)
        index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    return index;
}

static void log_use(SSL *ssl, const struct tls_ticket *ticket, const char *what, int64_t number)
{
    const char *peer = SSL_get_ex_data(ssl, peer_index());

    if (peer != NULL)
        log_info("%s: %s session ticket, key expiration: %lld", peer, what, (long long)((number + 1) * ticket->period_s));
}

struct tls_ticket *tls_ticket_open(const char *cipher_name, const unsigned char *secret, int64_t period_s)
{
    const EVP_CIPHER *cipher = EVP_get_cipherbyname(cipher_name);

    if (cipher == NULL || EVP_CIPHER_get_mode(cipher) != EVP_CIPH_CBC_MODE || EVP_CIPHER_get_block_size(cipher) != 16
        || EVP_CIPHER_get_key_length(cipher) > KEY_BYTES) {
        log_warning("tls_session_ticket_cipher: \"%s\" isn't a CBC cipher for tickets: sessions aren't resumed",
            cipher_name);
        return NULL;
    }
    struct tls_ticket *ticket = memory_new(struct tls_ticket);
    ticket->cipher = cipher;
    ticket->secret = secret;
    ticket->period_s = period_s;
    return ticket;
}

void tls_ticket_close(struct tls_ticket *ticket)
{
    free(ticket);
}

static bool derive_part(const struct tls_ticket *ticket, int64_t number, const char *label, unsigned char *out,
    size_t length)
{
    unsigned char input[16 + sizeof(number)] = { 0 };
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_length = 0;

    memcpy(input, label, strlen(label));
    memcpy(input + 16, &number, sizeof(number));
    bool good = HMAC(EVP_sha256(), ticket->secret, TLS_SECRET_BYTES, input, sizeof(input), digest,
        &digest_length) != NULL
                && digest_length >= length;
    if (good)
        memcpy(out, digest, length);
    OPENSSL_cleanse(digest, sizeof(digest));
    return good;
}

static bool derive(const struct tls_ticket *ticket, int64_t number, struct ticket_key *key)
{
    return derive_part(ticket, number, "name", key->name, NAME_BYTES)
        && derive_part(ticket, number, "cipher", key->cipher, KEY_BYTES)
        && derive_part(ticket, number, "mac", key->mac, MAC_BYTES);
}

static bool use_key(const struct tls_ticket *ticket, struct ticket_key *key, const unsigned char *iv,
    EVP_CIPHER_CTX *cipher,
    EVP_MAC_CTX *mac, int encrypt)
{
    static char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_octet_string(OSSL_MAC_PARAM_KEY, key->mac, MAC_BYTES),
        OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, sizeof(digest) - 1),
        OSSL_PARAM_END,
    };

    return EVP_MAC_CTX_set_params(mac, parameters) == 1
        && EVP_CipherInit_ex(cipher, ticket->cipher, NULL, key->cipher, iv, encrypt) == 1;
}

/* As on_ticket. */
static int take_key(SSL *ssl, struct ticket_key *key, int64_t number, const unsigned char *iv, EVP_CIPHER_CTX *cipher,
    EVP_MAC_CTX *mac)
{
    const struct tls_ticket *ticket = SSL_get_ex_data(ssl, ticket_index());

    log_use(ssl, ticket, "Decrypting", number);
    if (!use_key(ticket, key, iv, cipher, mac, 0))
        return -1;
    (void)SSL_set_ex_data(ssl, taken_index(), (void *)(uintptr_t)ticket); /* only a log line depends on it */
    return number == (int64_t)time(NULL) / ticket->period_s ? 1 : 2;
}

/* OpenSSL's conventions: 1 done, 2 done and a new ticket is due, 0 no such key, -1 error. */
static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
    int encrypt)
{
    const struct tls_ticket *ticket = SSL_get_ex_data(ssl, ticket_index());
    struct ticket_key key;
    int result = encrypt ? -1 : 0;

    if (ticket == NULL)
        return 0;
    int64_t now = (int64_t)time(NULL) / ticket->period_s;
    if (encrypt) {
        if (derive(ticket, now, &key) && RAND_bytes(iv, EVP_CIPHER_get_iv_length(ticket->cipher)) == 1
            && use_key(ticket, &key, iv, cipher, mac, 1)) {
            memcpy(name, key.name, NAME_BYTES);
            log_use(ssl, ticket, "Issuing", now);
            result = 1;
        }
    } else {
        for (int64_t number = now; result == 0 && number >= now - 1; number--) {
            if (!derive(ticket, number, &key))
                result = -1;
            else if (CRYPTO_memcmp(name, key.name, NAME_BYTES) == 0)
                result = take_key(ssl, &key, number, iv, cipher, mac);
        }
    }
    OPENSSL_cleanse(&key, sizeof(key));
    return result;
}

bool tls_ticket_was_taken(const SSL *ssl)
{
    return SSL_get_ex_data(ssl, taken_index()) != NULL;
}

void tls_ticket_log(SSL *ssl, const char *peer)
{
    (void)SSL_set_ex_data(ssl, peer_index(), (void *)(uintptr_t)peer); /* only log lines depend on it */
}

void tls_ticket_attach(struct tls_ticket *ticket, SSL *ssl)
{
    (void)SSL_set_ex_data(ssl, ticket_index(), ticket); /* without it there are no tickets */
}

void tls_ticket_use(SSL_CTX *ssl)
{
    (void)SSL_CTX_set_tlsext_ticket_key_evp_cb(ssl, on_ticket); /* always succeeds */
    (void)SSL_CTX_set_num_tickets(ssl, 1); /* clients that come back open one connection at a time */
}
