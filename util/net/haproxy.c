#include "util/net/haproxy.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "util/base/escape.h"
#include "util/base/number.h"
#include "util/base/text.h"

/* Version 2. */
static const unsigned char signature[12] = { 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a };
enum {
    BINARY_BYTES = 16, /* without the addresses */
    VERSION_2 = 2,
    COMMAND_LOCAL = 0,
    COMMAND_PROXY = 1,
    FAMILY_TCP4 = 0x11,
    FAMILY_TCP6 = 0x21,
    WORD_BYTES = 64,
    SHOWN_BYTES = 100,
};

struct haproxy_families haproxy_families_of(const char *inet_protocols)
{
    struct haproxy_families families = {0};
    const char *word;
    size_t length;

    while (text_next_word(&inet_protocols, TEXT_LIST_SEPARATORS, &word, &length)) {
        bool all = length == 3 && strncmp(word, "all", length) == 0;
        families.ipv4 = families.ipv4 || all || (length == 4 && strncmp(word, "ipv4", length) == 0);
        families.ipv6 = families.ipv6 || all || (length == 4 && strncmp(word, "ipv6", length) == 0);
    }
    return families;
}

/* --- version 1 --- */

/* The next word of the line; false if there is none or it is too long. */
static bool next_word(const char **cursor, const char *end, char word[WORD_BYTES])
{
    const char *at = *cursor;

    while (at < end && *at == ' ')
        at++;
    const char *start = at;
    while (at < end && *at != ' ')
        at++;
    size_t length = (size_t)(at - start);
    *cursor = at;
    if (length == 0 || length >= WORD_BYTES)
        return false;
    memcpy(word, start, length);
    word[length] = '\0';
    return true;
}

static bool parse_address(const char *word, int family, struct ip_address *address)
{
    return ip_address_parse(word, address) && address->family == family;
}

static bool parse_port(const char *word, uint16_t *port)
{
    uint64_t value;

    if (!number_parse_u64(word, UINT16_MAX, &value))
        return false;
    *port = (uint16_t)value;
    return true;
}

/* NULL: fine. */
static const char *parse_line(const char *bytes, size_t length, struct haproxy_families families,
    struct haproxy_header *header)
{
    const char *cursor = bytes + strlen("PROXY ");
    const char *newline = memchr(bytes, '\n', length);
    char word[WORD_BYTES];
    int family = 0;

    if (newline == NULL || newline[-1] != '\r')
        return "missing protocol header terminator";
    const char *end = newline - 1;
    if (next_word(&cursor, end, word)) {
        if (families.ipv4 && text_equal(word, "TCP4"))
            family = AF_INET;
        if (families.ipv6 && text_equal(word, "TCP6"))
            family = AF_INET6;
    }
    if (family == 0)
        return "bad or missing protocol type";
    if (!next_word(&cursor, end, word) || !parse_address(word, family, &header->client))
        return "bad or missing client address";
    if (!next_word(&cursor, end, word) || !parse_address(word, family, &header->server))
        return "bad or missing server address";
    if (!next_word(&cursor, end, word) || !parse_port(word, &header->client_port))
        return "bad or missing client port";
    if (!next_word(&cursor, end, word) || !parse_port(word, &header->server_port))
        return "bad or missing server port";
    header->length = (size_t)(newline + 1 - bytes);
    return NULL;
}

/* --- version 2 --- */

static const char *take_addresses(const unsigned char *at, size_t length, int family, struct haproxy_header *header)
{
    size_t size = family == AF_INET ? 4 : 16;

    if (length < 2 * size + 4)
        return "short protocol header";
    header->client.family = header->server.family = family;
    memcpy(header->client.bytes, at, size);
    memcpy(header->server.bytes, at + size, size);
    at += 2 * size;
    header->client_port = (uint16_t)(at[0] << 8 | at[1]);
    header->server_port = (uint16_t)(at[2] << 8 | at[3]);
    return NULL;
}

static const char *parse_binary(const unsigned char *bytes, size_t length, struct haproxy_families families,
    struct haproxy_header *header)
{
    unsigned command = bytes[12] & 0x0f;
    size_t rest = (size_t)(bytes[14] << 8 | bytes[15]);

    if (bytes[12] >> 4 != VERSION_2 || (command != COMMAND_LOCAL && command != COMMAND_PROXY))
        return "bad command in proxy header";
    if (rest > length - BINARY_BYTES)
        return "short protocol header";
    header->length = BINARY_BYTES + rest;
    header->is_local = command == COMMAND_LOCAL;
    if (header->is_local)
        return NULL;
    if (bytes[13] == FAMILY_TCP4 && families.ipv4)
        return take_addresses(bytes + BINARY_BYTES, rest, AF_INET, header);
    if (bytes[13] == FAMILY_TCP6 && families.ipv6)
        return take_addresses(bytes + BINARY_BYTES, rest, AF_INET6, header);
    return "unsupported network protocol";
}

/* --- */

bool haproxy_parse(const char *bytes, size_t length, struct haproxy_families families, struct haproxy_header *header,
    struct str *why)
{
    static const char line_start[] = "PROXY ";
    const char *problem;

    memset(header, 0, sizeof(*header));
    if (length >= strlen(line_start) && memcmp(bytes, line_start, strlen(line_start)) == 0)
        problem = parse_line(bytes, length, families, header);
    else if (length < BINARY_BYTES)
        problem = "short protocol header";
    else if (memcmp(bytes, signature, sizeof(signature)) == 0)
        problem = parse_binary((const unsigned char *)bytes, length, families, header);
    else
        problem = "unrecognized protocol header";
    if (problem == NULL)
        return true;
    str_clear(why);
    str_printf(why, "%s: ", problem);
    escape_put(why, bytes, length < SHOWN_BYTES ? length : SHOWN_BYTES);
    return false;
}

bool haproxy_take(int socket, struct haproxy_families families, struct haproxy_header *header, struct str *why)
{
    char bytes[HAPROXY_BYTES_MAX];
    ssize_t count = recv(socket, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);

    if (count <= 0) {
        str_set(why, count == 0 ? "lost connection" : strerror(errno));
        return false;
    }
    if (!haproxy_parse(bytes, (size_t)count, families, header, why))
        return false;
    if (recv(socket, bytes, header->length, MSG_DONTWAIT) == (ssize_t)header->length)
        return true;
    str_set(why, "lost connection");
    return false;
}
