#include "util/net/tls_protocols.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"

#define SEPARATORS ", \t\r\n:"

/* SSLv2 is a valid word, though no library has it any more. */
static const struct version {
    const char *name;
    int number;
    uint64_t bit;
} versions[] = {
    { "SSLv2", 0, 0 },
    { "SSLv3", SSL3_VERSION, SSL_OP_NO_SSLv3 },
    { "TLSv1", TLS1_VERSION, SSL_OP_NO_TLSv1 },
    { "TLSv1.1", TLS1_1_VERSION, SSL_OP_NO_TLSv1_1 },
    { "TLSv1.2", TLS1_2_VERSION, SSL_OP_NO_TLSv1_2 },
    { "TLSv1.3", TLS1_3_VERSION, SSL_OP_NO_TLSv1_3 },
};

static const struct version *find_version(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(versions); i++) {
        if (text_equal_nocase(versions[i].name, name))
            return &versions[i];
    }
    return NULL;
}

static bool parse_bound(const char *text, int *bound)
{
    const struct version *version = find_version(text);
    char *end;

    if (version != NULL) {
        *bound = version->number;
        return true;
    }
    unsigned long number = strtoul(text, &end, 16);
    if (*end != '\0' || end == text || number > 0xffff || !text_is_alnum(*text))
        return false;
    *bound = (int)number;
    return true;
}

bool tls_protocols_parse(const char *list, struct tls_protocols *protocols)
{
    uint64_t every = 0;
    uint64_t allowed = 0;
    bool any_allowed = false;
    const char *word;
    size_t length;

    *protocols = (struct tls_protocols){ 0 };
    for (size_t i = 0; i < COUNT_OF(versions); i++)
        every |= versions[i].bit;
    while (text_next_word(&list, SEPARATORS, &word, &length)) {
        char text[16];
        if (length >= sizeof(text))
            return false;
        memcpy(text, word, length);
        text[length] = '\0';
        if (text_starts_with(text, ">=") || text_starts_with(text, "<=")) {
            if (!parse_bound(text + 2, *text == '>' ? &protocols->minimum : &protocols->maximum))
                return false;
            continue;
        }
        const struct version *version = find_version(*text == '!' ? text + 1 : text);
        if (version == NULL)
            return false;
        if (*text == '!') {
            protocols->forbidden |= version->bit;
        } else {
            allowed |= version->bit;
            any_allowed = true;
        }
    }
    if (any_allowed)
        protocols->forbidden |= every & ~allowed;
    return true;
}
