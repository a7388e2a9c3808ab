#include "util/net/ip_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "util/base/text.h"

enum { TEXT_ROOM = INET6_ADDRSTRLEN + 3 };

static unsigned address_bits(const struct ip_address *address)
{
    return address->family == AF_INET ? 32 : 128;
}

bool ip_address_parse(const char *text, struct ip_address *address)
{
    memset(address, 0, sizeof(*address));
    address->family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
    return inet_pton(address->family, text, address->bytes) == 1;
}

bool ip_address_parse_literal(const char *text, struct ip_address *address)
{
    char inner[TEXT_ROOM];
    size_t length = strlen(text);

    if (length < 3 || text[0] != '[' || text[length - 1] != ']')
        return false;
    text++;
    length -= 2;
    bool says_ipv6 = text_starts_with_nocase(text, "IPv6:");
    if (says_ipv6) {
        text += strlen("IPv6:");
        length -= strlen("IPv6:");
    }
    if (length >= sizeof(inner))
        return false;
    memcpy(inner, text, length);
    inner[length] = '\0';
    return ip_address_parse(inner, address) && (address->family == AF_INET6) == says_ipv6;
}

bool ip_address_from_socket(const struct sockaddr *socket_address, struct ip_address *address)
{
    static const unsigned char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF };

    memset(address, 0, sizeof(*address));
    address->family = socket_address->sa_family;
    if (socket_address->sa_family == AF_INET) {
        const struct sockaddr_in *ipv4 = (const void *)socket_address;
        memcpy(address->bytes, &ipv4->sin_addr, 4);
        return true;
    }
    if (socket_address->sa_family != AF_INET6)
        return false;
    const struct sockaddr_in6 *ipv6 = (const void *)socket_address;
    memcpy(address->bytes, &ipv6->sin6_addr, 16);
    if (memcmp(address->bytes, mapped, sizeof(mapped)) == 0) {
        address->family = AF_INET;
        memmove(address->bytes, address->bytes + sizeof(mapped), 4);
        memset(address->bytes + 4, 0, 12);
    }
    return true;
}

void ip_address_put(const struct ip_address *address, struct str *out)
{
    char text[TEXT_ROOM];

    if (inet_ntop(address->family, address->bytes, text, sizeof(text)) != NULL)
        str_put(out, text);
}

/* Sets all bits behind the prefix to zero; false if one of them wasn't. */
static bool clear_host_bits(struct ip_network *network)
{
    unsigned char *bytes = network->address.bytes;
    unsigned bits = address_bits(&network->address);
    bool were_clear = true;

    for (unsigned bit = network->prefix_length; bit < bits; bit++) {
        unsigned char mask = (unsigned char)(0x80 >> (bit % 8));
        if (bytes[bit / 8] & mask)
            were_clear = false;
        bytes[bit / 8] &= (unsigned char)~mask;
    }
    return were_clear;
}

/* Taken apart: "[addr]/len", "[addr/len]", "addr/len". The brackets go, the rest is put into *plain. */
static bool strip_brackets(const char *text, struct str *plain, struct str *why)
{
    str_clear(plain);
    if (text[0] != '[') {
        str_put(plain, text);
        return true;
    }
    const char *end = strchr(text, ']');
    if (end == NULL) {
        str_printf(why, "missing ']' character after \"%s\"", text);
        return false;
    }
    if (end[1] != '\0' && end[1] != '/') {
        str_printf(why, "garbage after \"%.*s\"", (int)(end + 1 - text), text);
        return false;
    }
    str_put_bytes(plain, text + 1, (size_t)(end - text - 1));
    str_put(plain, end + 1);
    return true;
}

static bool parse_prefix(const char *text, const char *digits, bool is_ipv6, unsigned *prefix_length, struct str *why)
{
    unsigned limit = is_ipv6 ? 128 : 32;
    unsigned value = 0;

    if (!text_is_digits(digits)) {
        str_printf(why, "bad mask value in \"%s\"", text);
        return false;
    }
    for (; *digits != '\0' && value <= limit; digits++)
        value = value * 10 + (unsigned)(*digits - '0');
    if (value > limit) {
        str_printf(why, "bad mask length in \"%s\"", text);
        return false;
    }
    *prefix_length = value;
    return true;
}

/* text: "addr/len" as it was written, without brackets; slash: where its '/' is. */
static bool parse_with_mask(const char *text, const char *slash, struct ip_network *network, struct str *why)
{
    char address[TEXT_ROOM];
    size_t length = (size_t)(slash - text);
    bool is_ipv6 = memchr(text, ':', length) != NULL;

    if (!parse_prefix(text, slash + 1, is_ipv6, &network->prefix_length, why))
        return false;
    if (length < sizeof(address)) {
        memcpy(address, text, length);
        address[length] = '\0';
    }
    if (length >= sizeof(address) || !ip_address_parse(address, &network->address)) {
        str_printf(why, "bad network value in \"%s\"", text);
        return false;
    }
    if (!clear_host_bits(network)) {
        str_printf(why, "non-null host address bits in \"%s\", perhaps you should use \"", text);
        ip_address_put(&network->address, why);
        str_printf(why, "/%u\" instead", network->prefix_length);
        return false;
    }
    return true;
}

bool ip_network_parse(const char *text, struct ip_network *network, struct str *why)
{
    struct str plain = {0};

    str_clear(why);
    bool good = strip_brackets(text, &plain, why);
    const char *slash = strchr(str_text(&plain), '/');
    if (good && slash != NULL) {
        good = parse_with_mask(str_text(&plain), slash, network, why);
    } else if (good) {
        good = ip_address_parse(str_text(&plain), &network->address);
        network->prefix_length = address_bits(&network->address);
        if (!good)
            str_printf(why, "bad address pattern: \"%s\"", str_text(&plain));
    }
    str_free(&plain);
    return good;
}

bool ip_network_has(const struct ip_network *network, const struct ip_address *address)
{
    unsigned whole = network->prefix_length / 8;
    unsigned rest = network->prefix_length % 8;

    if (network->address.family != address->family || memcmp(network->address.bytes, address->bytes, whole) != 0)
        return false;
    return rest == 0 || ((network->address.bytes[whole] ^ address->bytes[whole]) >> (8 - rest)) == 0;
}
