/* fuzz_tls_names.c: what TLS takes from configuration, policy tables and clients: lists of versions and ciphers, options,
 * fingerprints, names in SNI, keys and chains in PEM. */
#include <fcntl.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/input.h"
#include "util/log/log.h"
#include "util/net/tls_chain.h"
#include "util/net/tls_ciphers.h"
#include "util/net/tls_fingerprint.h"
#include "util/net/tls_names.h"
#include "util/net/tls_options.h"
#include "util/net/tls_protocols.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void try_lists(const char *text)
{
    static const struct tls_grades grades = { "HIGH", "MEDIUM", "eNULL" };
    const char *const exclude[] = { text, "aNULL", NULL };
    struct tls_protocols protocols;
    struct str list = {0};
    uint64_t bits;

    (void)tls_protocols_parse(text, &protocols);
    if (tls_ciphers_build(&grades, "high", exclude, &list) && strncmp(str_text(&list), "HIGH", 4) != 0)
        abort();
    (void)tls_ciphers_build(&grades, text, exclude, &list);
    (void)tls_options_parse("tls_ssl_options", text, &bits);
    (void)tls_options_workarounds(text, &bits);
    str_free(&list);
}

static void try_chain(const uint8_t *bytes, size_t length)
{
    SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());
    BIO *pem = BIO_new_mem_buf(bytes, (int)length);
    struct str why = {0};

    if (ssl == NULL || pem == NULL)
        abort();
    if (!tls_chain_load(ssl, pem, &why) && why.length == 0)
        abort();
    BIO_free(pem);
    SSL_CTX_free(ssl);
    str_free(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    if (length > 65536)
        return 0;
    char *text = input_text(bytes, length);
    static int nowhere = -1;
    if (nowhere < 0) {
        nowhere = open("/dev/null", O_WRONLY);
        log_to_fd(nowhere);
    }
    try_lists(text);
    if (tls_names_is_valid(text) && strpbrk(text, " /\\\r\n\"") != NULL)
        abort();
    if (tls_fingerprint_equal(text, strlen(text), text) != (strlen(text) > strspn(text, ":")))
        abort();
    try_chain(bytes, length);
    free(text);
    return 0;
}
