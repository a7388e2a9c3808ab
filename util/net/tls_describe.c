#include "util/net/tls_describe.h"

#include <openssl/core_names.h>
#include <openssl/objects.h>
#include <string.h>

#include "util/base/text.h"
#include "util/log/log.h"
#include "util/net/tls_fingerprint.h"
#include "util/net/tls_names.h"

/* The last common name, if it is honest text: no zero bytes, nothing unprintable. */
static const char *common_name(const X509_NAME *name, struct arena *arena)
{
    const char *text = "";
    unsigned char *utf8 = NULL;
    int last = -1;

    for (int i = -1; (i = X509_NAME_get_index_by_NID(name, NID_commonName, i)) >= 0;)
        last = i;
    if (last < 0)
        return text;
    int length = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
    if (length > 0 && memchr(utf8, '\0', (size_t)length) == NULL) {
        struct str shown = {0};
        text_put_printable(&shown, (const char *)utf8, (size_t)length, '?', true);
        text = arena_copy_text(arena, str_text(&shown));
        str_free(&shown);
    }
    OPENSSL_free(utf8);
    return text;
}

/* The issuer's common name, or its organisation. */
static const char *issuer_name(const X509 *certificate, struct arena *arena)
{
    const X509_NAME *name = X509_get_issuer_name(certificate);
    const char *text = common_name(name, arena);
    char organisation[256];

    if (*text != '\0')
        return text;
    if (X509_NAME_get_text_by_NID(name, NID_organizationName, organisation, sizeof(organisation)) > 0) {
        struct str shown = {0};
        text_put_printable(&shown, organisation, strlen(organisation), '?', true);
        text = arena_copy_text(arena, str_text(&shown));
        str_free(&shown);
    }
    return text;
}

/* "RSA-PSS (2048 bits)", "ECDSA (prime256v1)", "Ed25519". */
static void put_signature(EVP_PKEY *key, int nid, const char *role, struct str *out)
{
    char group[80] = "";
    const char *name = OBJ_nid2sn(EVP_PKEY_get_base_id(key));

    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
        str_printf(out, " %s-signature RSA-PSS (%d bits)", role, EVP_PKEY_get_bits(key)); /* TLS 1.3 has no other */
        break;
    case EVP_PKEY_EC:
        (void)EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group), NULL); /* or "" */
        str_printf(out, " %s-signature ECDSA (%s)", role, group);
        break;
    case EVP_PKEY_DSA:
        str_printf(out, " %s-signature DSA (%d bits)", role, EVP_PKEY_get_bits(key));
        break;
    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448:
        str_printf(out, " %s-signature %s", role, EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? "Ed25519" : "Ed448");
        break;
    default:
        str_printf(out, " %s-signature %s", role, name == NULL ? "unknown" : name);
        break;
    }
    if (nid != NID_undef && OBJ_nid2sn(nid) != NULL)
        str_printf(out, " %s-digest %s", role, OBJ_nid2sn(nid));
}

static void put_key_exchange(SSL *ssl, struct str *out)
{
    EVP_PKEY *key = NULL;
    char group[80] = "";

    if (SSL_get_peer_tmp_key(ssl, &key) != 1)
        return;
    switch (EVP_PKEY_get_id(key)) {
    case EVP_PKEY_X25519:
        str_put(out, "key-exchange X25519");
        break;
    case EVP_PKEY_X448:
        str_put(out, "key-exchange X448");
        break;
    case EVP_PKEY_EC: {
        (void)EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group), NULL); /* or "" */
        const char *nist = EC_curve_nid2nist(OBJ_txt2nid(group));
        str_printf(out, "key-exchange ECDHE (%s)", nist == NULL ? group : nist);
        break;
    }
    case EVP_PKEY_DH:
        str_printf(out, "key-exchange DHE (%d bits)", EVP_PKEY_get_bits(key));
        break;
    default:
        str_printf(out, "key-exchange %s", EVP_PKEY_get0_type_name(key) == NULL ? "unknown"
            : EVP_PKEY_get0_type_name(key));
        break;
    }
    EVP_PKEY_free(key);
}

/* Only TLS 1.3 needs this: with older versions the name of the cipher says it all. */
static void describe_keys(SSL *ssl, bool is_server, const X509 *peer, struct arena *arena, struct tls_facts *facts)
{
    struct str text = {0};
    int own_digest = NID_undef;
    int peer_digest = NID_undef;
    const X509 *own = SSL_get_certificate(ssl);

    facts->key_exchange = facts->client_signature = "";
    if (SSL_version(ssl) < TLS1_3_VERSION)
        return;
    put_key_exchange(ssl, &text);
    (void)SSL_get_signature_nid(ssl, &own_digest);           /* else it stays undefined */
    (void)SSL_get_peer_signature_nid(ssl, &peer_digest);     /* likewise */
    const X509 *server = is_server ? own : peer;
    if (server != NULL && !facts->resumed)
        put_signature(X509_get0_pubkey(server), is_server ? own_digest : peer_digest, "server", &text);
    facts->key_exchange = arena_copy_text(arena, str_text(&text));
    str_clear(&text);
    if (is_server && peer != NULL && !facts->resumed) {
        put_signature(X509_get0_pubkey(peer), peer_digest, "client", &text);
        facts->client_signature = arena_copy_text(arena, str_text(&text) + 1);
    }
    str_free(&text);
}

void tls_describe_connection(SSL *ssl, bool is_server, const EVP_MD *digest, struct arena *arena,
    struct tls_facts *facts)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
    const X509 *peer = SSL_get0_peer_certificate(ssl);
    const char *matched = is_server ? tls_names_matched(ssl) : NULL;
    struct str text = {0};

    facts->resumed = SSL_session_reused(ssl) == 1;
    facts->protocol = SSL_get_version(ssl);
    facts->cipher = SSL_CIPHER_get_name(cipher);
    facts->cipher_bits = SSL_CIPHER_get_bits(cipher, &facts->cipher_total_bits);
    facts->has_certificate = peer != NULL;
    facts->subject = facts->issuer = facts->fingerprint = facts->key_fingerprint = "";
    facts->server_name = matched == NULL ? "" : arena_copy_text(arena, matched);
    if (peer != NULL) {
        facts->subject = common_name(X509_get_subject_name(peer), arena);
        facts->issuer = issuer_name(peer, arena);
        tls_fingerprint_of_certificate(digest, peer, &text);
        facts->fingerprint = arena_copy_text(arena, str_text(&text));
        tls_fingerprint_of_key(digest, peer, &text);
        facts->key_fingerprint = arena_copy_text(arena, str_text(&text));
    }
    describe_keys(ssl, is_server, peer, arena, facts);
    str_free(&text);
}

void tls_describe_log(const struct tls_facts *facts, bool is_server, const char *peer)
{
    static const char *const words[] = {
        [TLS_ANONYMOUS] = "Anonymous",
        [TLS_UNTRUSTED] = "Untrusted",
        [TLS_TRUSTED] = "Trusted",
        [TLS_VERIFIED] = "Verified",
    };
    const char *name = facts->server_name;

    log_info("%s TLS connection established %s %s%s%s: %s with cipher %s (%d/%d bits)%s%s%s%s", words[facts->trust],
        is_server ? "from" : "to", peer, *name == '\0' ? "" : " to ", name, facts->protocol, facts->cipher,
        facts->cipher_bits, facts->cipher_total_bits, *facts->key_exchange == '\0' ? "" : " ", facts->key_exchange,
        *facts->client_signature == '\0' ? "" : " ", facts->client_signature);
}
