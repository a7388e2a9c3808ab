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
    const char *file;  /* being read; NULL: not a file */
    size_t index;      /* of the part being read, from 1 */
    struct str where;  /* of the key: "at index 1 in /etc/key.pem" */
    EVP_PKEY *key;
    X509 *leaf;
    STACK_OF(X509) *issuers;
};

static void group_clear(struct group *group)
{
    EVP_PKEY_free(group->key);
    X509_free(group->leaf);
    sk_X509_pop_free(group->issuers, X509_free);
    str_free(&group->where);
    *group = (struct group){ .file = group->file, .index = group->index };
}

/* Where it is, too, as far as that is known. */
static void put_problem(const struct group *group, const char *problem, struct str *why)
{
    str_clear(why);
    if (group->file == NULL)
        str_put(why, problem);
    else
        str_printf(why, "error loading chain from %s: %s", group->file, problem);
}

static bool group_use(SSL_CTX *ssl, struct group *group, struct str *why)
{
    bool good = false;

    if (group->key == NULL && group->leaf == NULL)
        return true;
    if (group->leaf == NULL)
        str_printf(why, "No certs for key%s", str_text(&group->where));
    else if (X509_check_private_key(group->leaf, group->key) != 1)
        str_printf(why, "key%s does not match next certificate", str_text(&group->where));
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
        put_problem(group, "malformed certificate", why);
        return false;
    }
    if (group->key == NULL) {
        X509_free(certificate);
        put_problem(group, "key not first", why);
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
    if (group->file != NULL)
        str_printf(&group->where, " at index %zu in %s", group->index, group->file);
    if (text_equal(name, PEM_STRING_RSA))
        group->key = d2i_PrivateKey(EVP_PKEY_RSA, NULL, &bytes, length);
    else if (text_equal(name, PEM_STRING_ECPRIVATEKEY))
        group->key = d2i_PrivateKey(EVP_PKEY_EC, NULL, &bytes, length);
    else if (text_equal(name, PEM_STRING_DSA))
        group->key = d2i_PrivateKey(EVP_PKEY_DSA, NULL, &bytes, length);
    else
        group->key = d2i_AutoPrivateKey(NULL, &bytes, length);
    if (group->key == NULL)
        put_problem(group, "malformed private key", why);
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
        put_problem(group, "a private key is protected by a passphrase", why);
        return false;
    }
    if (text_ends_with(name, "PRIVATE KEY"))
        return take_key(ssl, group, name, bytes, length, why);
    if (text_ends_with(name, "PARAMETERS"))
        return true;
    struct str problem = {0};
    str_printf(&problem, "unexpected \"%s\"", name);
    put_problem(group, str_text(&problem), why);
    str_free(&problem);
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
        group->index = ++*parts;
        good = take_part(ssl, group, name, header, bytes, length, why);
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
    put_problem(group, "malformed PEM", why);
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

/* A reader of the file's bytes. NULL: they aren't at hand; errno is the reason. */
static BIO *open_file(const struct tls_material *material, const char *file)
{
    const char *content;
    size_t length;

    if (tls_material_find(material, file, &content, &length))
        return BIO_new_mem_buf(content, (int)length);
    if (access(file, R_OK) == 0)
        errno = EFBIG; /* or it came this very moment */
    return NULL;
}

static bool load_file(SSL_CTX *ssl, BIO *pem, const char *parameter, const char *file, struct group *group, struct str *why)
{
    struct str reason = {0};
    size_t parts = 0;

    if (pem == NULL) {
        int error = errno;
        ERR_clear_error();
        log_warning("error opening chain file: %s: %s", file, strerror(error));
        str_clear(why);
        str_printf(why, "%s: %s: %s", parameter, file, strerror(error));
        return false;
    }
    group->file = file;
    bool good = load_parts(ssl, pem, group, &parts, &reason);
    if (good && parts == 0)
        str_printf(&reason, "No PEM data in %s", file);
    good = good && parts > 0;
    if (!good) {
        log_warning("%s", str_text(&reason));
        str_clear(why);
        str_printf(why, "%s: %s: %s", parameter, file, str_text(&reason));
        tls_log_problems();
    }
    str_free(&reason);
    return good;
}

bool tls_chain_load_files(SSL_CTX *ssl, const struct tls_material *material, const char *parameter, const char *files,
    struct str *why)
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
        BIO *pem = open_file(material, str_text(&file));
        good = load_file(ssl, pem, parameter, str_text(&file), &group, why);
        BIO_free(pem);
    }
    if (good && !group_use(ssl, &group, &reason)) {
        log_warning("%s", str_text(&reason));
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

static bool use_issuers(SSL_CTX *ssl, BIO *pem)
{
    static char no_passphrase[] = "";
    X509 *issuer;

    (void)SSL_CTX_clear_chain_certs(ssl); /* there may be none */
    while ((issuer = PEM_read_bio_X509(pem, NULL, NULL, no_passphrase)) != NULL) {
        if (SSL_CTX_add0_chain_cert(ssl, issuer) != 1) {
            X509_free(issuer);
            return false;
        }
    }
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        return false;
    ERR_clear_error();
    return true;
}

static bool use_certificate(SSL_CTX *ssl, BIO *pem)
{
    static char no_passphrase[] = "";
    X509 *leaf = pem == NULL ? NULL : PEM_read_bio_X509_AUX(pem, NULL, NULL, no_passphrase);
    bool good = leaf != NULL && SSL_CTX_use_certificate(ssl, leaf) == 1 && use_issuers(ssl, pem);

    X509_free(leaf);
    return good;
}

static bool use_key(SSL_CTX *ssl, BIO *pem)
{
    static char no_passphrase[] = ""; /* asked for at nobody's terminal */
    EVP_PKEY *key = pem == NULL ? NULL : PEM_read_bio_PrivateKey(pem, NULL, NULL, no_passphrase);
    bool good = key != NULL && SSL_CTX_use_PrivateKey(ssl, key) == 1;

    EVP_PKEY_free(key);
    return good;
}

bool tls_chain_load_pair(SSL_CTX *ssl, const struct tls_material *material, const struct tls_chain_pair *pair, struct str *why)
{
    const char *content;
    size_t length;

    if (text_equal(pair->cert_file, pair->key_file) && !tls_material_find(material, pair->cert_file, &content, &length)
        && access(pair->cert_file, F_OK) != 0) {
        explain(pair->cert_parameter, pair->cert_file, "", why);
        log_warning("error opening chain file: %s: %s", pair->cert_file, strerror(errno));
        return false;
    }
    BIO *pem = open_file(material, pair->cert_file);
    bool good = use_certificate(ssl, pem);
    if (pem == NULL) /* for its words about that */
        (void)SSL_CTX_use_certificate_chain_file(ssl, pair->cert_file);
    BIO_free(pem);
    if (!good) {
        explain(pair->cert_parameter, pair->cert_file, "no certificate in PEM form in it", why);
        log_warning("cannot get %s certificate from file \"%s\": disabling TLS support", pair->kind, pair->cert_file);
        tls_log_problems();
        return false;
    }
    pem = open_file(material, pair->key_file);
    good = use_key(ssl, pem);
    if (pem == NULL) /* as above */
        (void)SSL_CTX_use_PrivateKey_file(ssl, pair->key_file, SSL_FILETYPE_PEM);
    BIO_free(pem);
    if (!good) {
        explain(pair->key_parameter, pair->key_file, "no private key, or not the one of the certificate", why);
        log_warning("cannot get %s private key from file \"%s\": disabling TLS support", pair->kind, pair->key_file);
        tls_log_problems();
        return false;
    }
    return true;
}

static void put_expiry(const X509 *certificate, time_t now, struct str *out)
{
    time_t soon = now + EXPIRY_DAYS * 86400;
    struct tm end;
    char date[32];
    char name[128];

    if (X509_cmp_time(X509_get0_notAfter(certificate), &soon) >= 0
        || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1)
        return;
    (void)strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", &end); /* always fits */
    if (X509_NAME_oneline(X509_get_subject_name(certificate), name, sizeof(name)) == NULL)
        name[0] = '\0';
    bool over = X509_cmp_time(X509_get0_notAfter(certificate), &now) < 0;
    str_printf(out, "%sthe certificate of %s %s on %s", out->length > 0 ? "\n" : "", name, over ? "expired" : "expires", date);
}

void tls_chain_put_expiry(SSL_CTX *ssl, time_t now, struct str *out)
{
    for (long more = SSL_CTX_set_current_cert(ssl, SSL_CERT_SET_FIRST); more == 1;
         more = SSL_CTX_set_current_cert(ssl, SSL_CERT_SET_NEXT)) {
        const X509 *certificate = SSL_CTX_get0_certificate(ssl);
        if (certificate != NULL)
            put_expiry(certificate, now, out);
    }
}

void tls_chain_put_file_expiry(const char *file, time_t now, struct str *out)
{
    BIO *pem = BIO_new_file(file, "r");
    X509 *certificate;

    while (pem != NULL && (certificate = PEM_read_bio_X509_AUX(pem, NULL, NULL, NULL)) != NULL) {
        put_expiry(certificate, now, out);
        X509_free(certificate);
    }
    BIO_free(pem);
    ERR_clear_error();
}
