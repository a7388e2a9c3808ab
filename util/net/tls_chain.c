#include "util/net/tls_chain.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>
#include <unistd.h>

#include "util/base/text.h"
#include "util/log/log.h"
#include "util/net/tls_log.h"

enum { EXPIRY_DAYS = 14 };

/* What was read so far of one key and its chain. */
struct group {
    EVP_PKEY *key;
    X509 *leaf;
    STACK_OF(X509) *issuers;
};

static void group_clear(struct group *group)
{
    EVP_PKEY_free(group->key);
    X509_free(group->leaf);
    sk_X509_pop_free(group->issuers, X509_free);
    *group = (struct group){ 0 };
}

static bool group_use(SSL_CTX *ssl, struct group *group, struct str *why)
{
    bool good = false;

    if (group->key == NULL && group->leaf == NULL)
        return true;
    if (group->leaf == NULL)
        str_set(why, "a key isn't followed by its certificate");
    else if (X509_check_private_key(group->leaf, group->key) != 1)
        str_set(why, "key does not match next certificate");
    else if (SSL_CTX_use_cert_and_key(ssl, group->leaf, group->key, group->issuers, 1) != 1)
        str_set(why, "the library refuses a key or certificate");
    else
        good = true;
    group_clear(group);
    return good;
}

static bool take_certificate(struct group *group, const unsigned char *bytes, long length, bool trusted,
    struct str *why)
{
    X509 *certificate = trusted ? d2i_X509_AUX(NULL, &bytes, length) : d2i_X509(NULL, &bytes, length);

    if (certificate == NULL) {
        str_set(why, "malformed certificate");
        return false;
    }
    if (group->key == NULL) {
        X509_free(certificate);
        str_set(why, "key not first");
        return false;
    }
    if (group->leaf == NULL) {
        group->leaf = certificate;
        return true;
    }
    if (group->issuers == NULL)
        group->issuers = sk_X509_new_null();
    if (group->issuers != NULL && sk_X509_push(group->issuers, certificate) > 0)
        return true;
    X509_free(certificate);
    str_set(why, "out of memory");
    return false;
}

static bool take_key(SSL_CTX *ssl, struct group *group, const char *name, const unsigned char *bytes, long length,
    struct str *why)
{
    if (!group_use(ssl, group, why))
        return false;
    if (text_equal(name, PEM_STRING_RSA))
        group->key = d2i_PrivateKey(EVP_PKEY_RSA, NULL, &bytes, length);
    else if (text_equal(name, PEM_STRING_ECPRIVATEKEY))
        group->key = d2i_PrivateKey(EVP_PKEY_EC, NULL, &bytes, length);
    else if (text_equal(name, PEM_STRING_DSA))
        group->key = d2i_PrivateKey(EVP_PKEY_DSA, NULL, &bytes, length);
    else
        group->key = d2i_AutoPrivateKey(NULL, &bytes, length);
    if (group->key == NULL)
        str_set(why, "malformed private key");
    return group->key != NULL;
}

static bool take_part(SSL_CTX *ssl, struct group *group, const char *name, const char *header,
    const unsigned char *bytes,
    long length, struct str *why)
{
    if (text_equal(name, PEM_STRING_X509) || text_equal(name, PEM_STRING_X509_OLD))
        return take_certificate(group, bytes, length, false, why);
    if (text_equal(name, PEM_STRING_X509_TRUSTED))
        return take_certificate(group, bytes, length, true, why);
    if (text_equal(name, PEM_STRING_PKCS8) || strstr(header, "ENCRYPTED") != NULL) {
        str_set(why, "a private key is protected by a passphrase");
        return false;
    }
    if (text_ends_with(name, "PRIVATE KEY"))
        return take_key(ssl, group, name, bytes, length, why);
    if (text_ends_with(name, "PARAMETERS"))
        return true;
    str_clear(why);
    str_printf(why, "unexpected \"%s\"", name);
    return false;
}

/* Puts everything of pem into group, which may already hold the end of an earlier file. */
static bool load_parts(SSL_CTX *ssl, BIO *pem, struct group *group, size_t *parts, struct str *why)
{
    unsigned char *bytes;
    char *header;
    char *name;
    long length;
    bool good = true;

    while (good && PEM_read_bio(pem, &name, &header, &bytes, &length) == 1) {
        good = take_part(ssl, group, name, header, bytes, length, why);
        (*parts)++;
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(bytes, (size_t)length);
    }
    if (!good)
        return false;
    if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) {
        ERR_clear_error();
        return true;
    }
    str_set(why, "malformed PEM");
    return false;
}

bool tls_chain_load(SSL_CTX *ssl, BIO *pem, struct str *why)
{
    struct group group = { 0 };
    size_t parts = 0;
    bool good = load_parts(ssl, pem, &group, &parts, why) && group_use(ssl, &group, why);

    group_clear(&group);
    if (good && parts == 0)
        str_set(why, "no private key and no certificate in it");
    return good && parts > 0;
}

static bool load_file(SSL_CTX *ssl, const char *parameter, const char *file, struct group *group, struct str *why)
{
    struct str reason = {0};
    size_t parts = 0;
    BIO *pem = BIO_new_file(file, "r");

    if (pem == NULL) {
        int error = errno;
        ERR_clear_error();
        log_warning("error opening chain file: %s: %s", file, strerror(error));
        str_clear(why);
        str_printf(why, "%s: %s: %s", parameter, file, strerror(error));
        return false;
    }
    bool good = load_parts(ssl, pem, group, &parts, &reason);
    if (good && parts == 0)
        str_set(&reason, "no private key and no certificate in it");
    good = good && parts > 0;
    if (!good) {
        log_warning("error loading chain from %s: %s", file, str_text(&reason));
        str_clear(why);
        str_printf(why, "%s: %s: %s", parameter, file, str_text(&reason));
        tls_log_problems();
    }
    BIO_free(pem);
    str_free(&reason);
    return good;
}

bool tls_chain_load_files(SSL_CTX *ssl, const char *parameter, const char *files, struct str *why)
{
    const char *cursor = files;
    struct group group = { 0 };
    struct str file = {0};
    struct str reason = {0};
    const char *word;
    size_t length;
    bool good = true;

    while (good && text_next_word(&cursor, TEXT_LIST_SEPARATORS, &word, &length)) {
        str_clear(&file);
        str_put_bytes(&file, word, length);
        good = load_file(ssl, parameter, str_text(&file), &group, why);
    }
    if (good && !group_use(ssl, &group, &reason)) {
        log_warning("error loading chain from %s: %s", str_text(&file), str_text(&reason));
        str_clear(why);
        str_printf(why, "%s: %s: %s", parameter, str_text(&file), str_text(&reason));
        tls_log_problems();
        good = false;
    }
    if (!good)
        log_warning("error loading private keys and certificates from: %s: disabling TLS support", files);
    group_clear(&group);
    str_free(&reason);
    str_free(&file);
    return good;
}

/* What is wrong with one file of a pair, for people: the library's own words help few. */
static void explain(const char *parameter, const char *file, const char *what, struct str *why)
{
    str_clear(why);
    str_printf(why, "%s: %s: %s", parameter, file, access(file, R_OK) == 0 ? what : strerror(errno));
}

bool tls_chain_load_pair(SSL_CTX *ssl, const char *kind, const char *cert_parameter, const char *cert_file,
    const char *key_parameter, const char *key_file, struct str *why)
{
    if (text_equal(cert_file, key_file) && access(cert_file, F_OK) != 0) {
        explain(cert_parameter, cert_file, "", why);
        log_warning("error opening chain file: %s: %s", cert_file, strerror(errno));
        return false;
    }
    if (SSL_CTX_use_certificate_chain_file(ssl, cert_file) != 1) {
        explain(cert_parameter, cert_file, "no certificate in PEM form in it", why);
        log_warning("cannot get %s certificate from file \"%s\": disabling TLS support", kind, cert_file);
        tls_log_problems();
        return false;
    }
    if (SSL_CTX_use_PrivateKey_file(ssl, key_file, SSL_FILETYPE_PEM) != 1) {
        explain(key_parameter, key_file, "no private key, or not the one of the certificate", why);
        log_warning("cannot get %s private key from file \"%s\": disabling TLS support", kind, key_file);
        tls_log_problems();
        return false;
    }
    return true;
}

void tls_chain_warn_of_expiry(SSL_CTX *ssl, const char *prefix, time_t now)
{
    time_t soon = now + EXPIRY_DAYS * 86400;

    for (long more = SSL_CTX_set_current_cert(ssl, SSL_CERT_SET_FIRST); more == 1;
         more = SSL_CTX_set_current_cert(ssl, SSL_CERT_SET_NEXT)) {
        const X509 *certificate = SSL_CTX_get0_certificate(ssl);
        struct tm end;
        char date[32];
        char name[128];

        if (certificate == NULL || X509_cmp_time(X509_get0_notAfter(certificate), &soon) >= 0
            || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1)
            continue;
        (void)strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", &end);
        if (X509_NAME_oneline(X509_get_subject_name(certificate), name, sizeof(name)) == NULL)
            name[0] = '\0';
        bool over = X509_cmp_time(X509_get0_notAfter(certificate), &now) < 0;
        log_warning("%scert_file: the certificate of %s %s on %s", prefix, name, over ? "expired" : "expires", date);
    }
}
