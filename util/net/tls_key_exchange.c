#include "util/net/tls_key_exchange.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "util/base/str.h"
#include "util/base/text.h"
#include "util/log/log.h"

/* Names that this library doesn't know are skipped; the number of others. */
static size_t put_groups(SSL_CTX *ssl, const char *list, const char *kind, struct str *known)
{
    const char *word;
    size_t length;
    size_t count = 0;

    while (text_next_word(&list, ", \t\r\n:", &word, &length)) {
        struct str one = {0};
        str_put_bytes(&one, word, length);
        if (SSL_CTX_set1_groups_list(ssl, str_text(&one)) == 1) {
            str_printf(known, "%s%s", known->length == 0 ? "" : ":", str_text(&one));
            count++;
        } else {
            log_warning("ignoring unknown %s \"%s\"", kind, str_text(&one));
        }
        str_free(&one);
    }
    ERR_clear_error();
    return count;
}

void tls_key_exchange_set_groups(SSL_CTX *ssl, const char *curves, const char *groups)
{
    struct str known = {0};

    if (*curves == '\0' && *groups == '\0')
        return;
    bool none = put_groups(ssl, curves, "ECDHE curve", &known) == 0 && *curves != '\0';
    (void)put_groups(ssl, groups, "FFDHE group", &known); /* may be none */
    if (none || known.length == 0)
        (void)SSL_CTX_set1_groups_list(ssl, "X25519:P-256:X448:P-521:P-384"); /* OpenSSL's own choice */
    else
        (void)SSL_CTX_set1_groups_list(ssl, str_text(&known)); /* each of them was taken alone */
    ERR_clear_error();
    str_free(&known);
}

void tls_key_exchange_set_dh(SSL_CTX *ssl, const char *file)
{
    EVP_PKEY *parameters = NULL;

    SSL_CTX_set_dh_auto(ssl, 1);
    if (*file == '\0' || text_equal(file, "auto"))
        return;
    BIO *pem = BIO_new_file(file, "r");
    if (pem == NULL) {
        log_warning("error opening DH parameter file \"%s\": %s -- using compiled-in defaults", file, strerror(errno));
        ERR_clear_error();
        return;
    }
    parameters = PEM_read_bio_Parameters(pem, NULL);
    BIO_free(pem);
    if (parameters == NULL || SSL_CTX_set0_tmp_dh_pkey(ssl, parameters) != 1) {
        log_warning("cannot load DH parameters from file %s -- using compiled-in defaults", file);
        EVP_PKEY_free(parameters);
    }
    ERR_clear_error();
}
