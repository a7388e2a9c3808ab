#include "delivery/smtp/smtp_next_hop.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include "util/base/number.h"
#include "util/base/text.h"

size_t smtp_next_hop_list(const char *list, struct arena *arena, const char ***members)
{
    const char *cursor = list;
    const char *word;
    size_t length;
    size_t count = 0;

    while (text_next_word(&cursor, TEXT_LIST_SEPARATORS, &word, &length))
        count++;
    *members = arena_allocate(arena, (count + 1) * sizeof(**members));
    cursor = list;
    for (size_t i = 0; i < count && text_next_word(&cursor, TEXT_LIST_SEPARATORS, &word, &length); i++)
        (*members)[i] = arena_copy_bytes(arena, word, length);
    return count;
}

static bool is_ipv6(const char *text)
{
    struct in6_addr address;

    return inet_pton(AF_INET6, text, &address) == 1;
}

/* "[host]" or "[host]:port". */
static bool parse_bracketed(const char *text, struct arena *arena, struct smtp_next_hop *hop, const char **why)
{
    const char *end = strchr(text, ']');

    if (end == NULL) {
        *why = arena_printf(arena, "missing \"]\" in server description: %s", hop->text);
        return false;
    }
    if (end[1] != '\0' && end[1] != ':') {
        *why = arena_printf(arena, "garbage after \"]\" in server description: %s", hop->text);
        return false;
    }
    hop->is_bracketed = true;
    hop->host = arena_copy_bytes(arena, text + 1, (size_t)(end - text - 1));
    if (text_starts_with_nocase(hop->host, "ipv6:"))
        hop->host += strlen("ipv6:");
    hop->port = end[1] == ':' ? end + 2 : "";
    return true;
}

bool smtp_next_hop_parse(const char *text, bool lmtp, struct arena *arena, struct smtp_next_hop *hop, const char **why)
{
    *hop = (struct smtp_next_hop){ .text = arena_copy_text(arena, text), .port = "" };
    text = hop->text;
    if (lmtp && text_starts_with(text, "unix:")) {
        hop->is_unix = true;
        hop->host = text + strlen("unix:");
        return true;
    }
    if (lmtp && text_starts_with(text, "inet:"))
        text += strlen("inet:");
    if (*text == '[') {
        if (!parse_bracketed(text, arena, hop, why))
            return false;
    } else if (is_ipv6(text)) {
        hop->host = text;
    } else {
        const char *colon = strrchr(text, ':');
        hop->host = colon == NULL ? text : arena_copy_bytes(arena, text, (size_t)(colon - text));
        hop->port = colon == NULL ? "" : colon + 1;
    }
    if (*hop->host == '\0') {
        *why = arena_printf(arena, "missing host information in server description: %s", hop->text);
        return false;
    }
    if (strchr(hop->host, ':') != NULL && !is_ipv6(hop->host)) {
        *why = arena_printf(arena, "valid hostname or network address required in server description: %s", hop->text);
        return false;
    }
    return true;
}

/* One "name=name=number" of the list. */
static unsigned known_port(const char *entry, size_t length, const char *name)
{
    struct arena *arena = arena_new();
    char *copy = arena_copy_bytes(arena, entry, length);
    char *number = strrchr(copy, '=');
    uint64_t value = 0;
    bool matches = false;

    if (number != NULL) {
        *number++ = '\0';
        const char *cursor = copy;
        const char *word;
        size_t word_length;
        while (text_next_word(&cursor, "=", &word, &word_length))
            matches |= strlen(name) == word_length && strncmp(word, name, word_length) == 0;
        matches = matches && number_parse_u64(number, 65535, &value);
    }
    arena_free(arena);
    return matches ? (unsigned)value : 0;
}

unsigned smtp_next_hop_port(const char *port, const char *known_tcp_ports)
{
    const char *cursor = known_tcp_ports;
    const char *word;
    size_t length;
    uint64_t value;

    if (text_is_digits(port))
        return number_parse_u64(port, 65535, &value) ? (unsigned)value : 0;
    while (text_next_word(&cursor, TEXT_LIST_SEPARATORS, &word, &length)) {
        unsigned known = known_port(word, length, port);
        if (known != 0)
            return known;
    }
    const struct servent *service = getservbyname(port, "tcp");
    return service == NULL ? 0 : ntohs((uint16_t)service->s_port);
}
