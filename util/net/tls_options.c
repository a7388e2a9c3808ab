#include "util/net/tls_options.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"

struct option {
    const char *name;
    uint64_t bit;
};

static const struct option options[] = {
    { "ENABLE_MIDDLEBOX_COMPAT", SSL_OP_ENABLE_MIDDLEBOX_COMPAT },
    { "LEGACY_SERVER_CONNECT", SSL_OP_LEGACY_SERVER_CONNECT },
    { "NO_ANTI_REPLAY", SSL_OP_NO_ANTI_REPLAY },
    { "NO_COMPRESSION", SSL_OP_NO_COMPRESSION },
    { "NO_ENCRYPT_THEN_MAC", SSL_OP_NO_ENCRYPT_THEN_MAC },
    { "NO_EXTENDED_MASTER_SECRET", SSL_OP_NO_EXTENDED_MASTER_SECRET },
    { "NO_RENEGOTIATION", SSL_OP_NO_RENEGOTIATION },
    { "NO_SESSION_RESUMPTION_ON_RENEGOTIATION", SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION },
    { "NO_TICKET", SSL_OP_NO_TICKET },
    { "PRIORITIZE_CHACHA", SSL_OP_PRIORITIZE_CHACHA },
    { "ALLOW_NO_DHE_KEX", SSL_OP_ALLOW_NO_DHE_KEX },
};

/* Most of these have been part of OpenSSL's past for long: they are known words without effect. */
static const struct option workarounds[] = {
    { "CRYPTOPRO_TLSEXT_BUG", SSL_OP_CRYPTOPRO_TLSEXT_BUG },
    { "CVE-2005-2969", 0 },
    { "CVE-2010-4180", 0 },
    { "DONT_INSERT_EMPTY_FRAGMENTS", SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS },
    { "LEGACY_SERVER_CONNECT", SSL_OP_LEGACY_SERVER_CONNECT },
    { "MICROSOFT_BIG_SSLV3_BUFFER", 0 },
    { "MICROSOFT_SESS_ID_BUG", 0 },
    { "MSIE_SSLV2_RSA_PADDING", 0 },
    { "NETSCAPE_CHALLENGE_BUG", 0 },
    { "NETSCAPE_REUSE_CIPHER_CHANGE_BUG", 0 },
    { "SSLEAY_080_CLIENT_DH_BUG", 0 },
    { "SSLREF2_REUSE_CERT_TYPE_BUG", 0 },
    { "TLS_BLOCK_PADDING_BUG", 0 },
    { "TLS_D5_BUG", 0 },
    { "TLS_ROLLBACK_BUG", SSL_OP_TLS_ROLLBACK_BUG },
    { "TLSEXT_PADDING", SSL_OP_TLSEXT_PADDING },
};

static bool parse_number(const char *text, uint64_t *bits)
{
    char *end;

    *bits = strtoull(text, &end, 16);
    return *end == '\0';
}

static bool parse(const char *title, const char *list, const struct option *table, size_t count, uint64_t *bits)
{
    const char *cursor = list;
    const char *word;
    size_t length;
    bool good = true;

    *bits = 0;
    if (text_starts_with_nocase(list, "0x") && parse_number(list, bits))
        return true;
    while (text_next_word(&cursor, TEXT_LIST_SEPARATORS, &word, &length)) {
        size_t i = 0;
        while (i < count && (strlen(table[i].name) != length || strncasecmp(table[i].name, word, length) != 0))
            i++;
        if (i == count) {
            log_warning("unknown %s value \"%.*s\" in \"%s\"", title, (int)length, word, list);
            good = false;
        } else {
            *bits |= table[i].bit;
        }
    }
    return good;
}

bool tls_options_parse(const char *title, const char *list, uint64_t *bits)
{
    return parse(title, list, options, COUNT_OF(options), bits);
}

bool tls_options_workarounds(const char *list, uint64_t *bits)
{
    uint64_t off;
    bool good = parse("tls_disable_workarounds", list, workarounds, COUNT_OF(workarounds), &off);

    *bits = SSL_OP_ALL & ~off;
    return good;
}
