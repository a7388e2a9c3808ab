#include "util/net/own_address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"

struct own_address {
    struct sockaddr_storage *list;
    size_t count;           /* all of them */
    size_t interface_count; /* those from inet_interfaces */
    bool ipv4;
    bool ipv6;
};

static bool same_address(const struct sockaddr *left, const struct sockaddr *right)
{
    if (left->sa_family != right->sa_family)
        return false;
    if (left->sa_family == AF_INET)
        return ((const struct sockaddr_in *)left)->sin_addr.s_addr
            == ((const struct sockaddr_in *)right)->sin_addr.s_addr;
    return left->sa_family == AF_INET6
        && memcmp(&((const struct sockaddr_in6 *)left)->sin6_addr, &((const struct sockaddr_in6 *)right)->sin6_addr,
               sizeof(struct in6_addr)) == 0;
}

bool own_address_has(const struct own_address *own, const struct sockaddr *address)
{
    for (size_t i = 0; i < own->count; i++) {
        if (same_address((const struct sockaddr *)&own->list[i], address))
            return true;
    }
    return false;
}

bool own_address_has_text(const struct own_address *own, const char *address)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

    if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
        return own_address_has(own, (struct sockaddr *)&v4);
    return inet_pton(AF_INET6, address, &v6.sin6_addr) == 1 && own_address_has(own, (struct sockaddr *)&v6);
}

const struct sockaddr_storage *own_address_list(const struct own_address *own, size_t *count)
{
    *count = own->interface_count;
    return own->list;
}

static void add(struct own_address *own, const struct sockaddr *address)
{
    bool wanted = (address->sa_family == AF_INET && own->ipv4) || (address->sa_family == AF_INET6 && own->ipv6);

    if (!wanted || own_address_has(own, address))
        return;
    own->list = memory_resize(own->list, own->count + 1, sizeof(*own->list));
    own->list[own->count] = (struct sockaddr_storage){0};
    memcpy(&own->list[own->count++], address,
        address->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    return address->sa_family == AF_INET6
        && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

static void add_interfaces(struct own_address *own, bool loopback_only)
{
    struct ifaddrs *first;

    if (getifaddrs(&first) != 0) {
        log_warning("can't list the addresses of the network interfaces");
        return;
    }
    for (struct ifaddrs *each = first; each != NULL; each = each->ifa_next) {
        if (each->ifa_addr != NULL && (!loopback_only || is_loopback(each->ifa_addr)))
            add(own, each->ifa_addr);
    }
    freeifaddrs(first);
}

static void add_name(struct own_address *own, const char *name)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *first;
    int error = getaddrinfo(name, NULL, &hints, &first);

    if (error != 0) {
        log_warning("can't find an address of %s (inet_interfaces or proxy_interfaces): %s", name, gai_strerror(error));
        return;
    }
    for (struct addrinfo *each = first; each != NULL; each = each->ai_next)
        add(own, each->ai_addr);
    freeaddrinfo(first);
}

static void add_words(struct own_address *own, const char *words)
{
    const char *word;
    size_t length;

    while (text_next_word(&words, TEXT_LIST_SEPARATORS, &word, &length)) {
        if (length > 2 && word[0] == '[' && word[length - 1] == ']') { /* [2001:db8::1] */
            word++;
            length -= 2;
        }
        char *name = memory_copy_bytes(word, length);
        if (text_equal_nocase(name, "all") || text_equal_nocase(name, "loopback-only"))
            add_interfaces(own, !text_equal_nocase(name, "all"));
        else
            add_name(own, name);
        free(name);
    }
}

struct own_address *own_address_open(const char *interfaces, const char *protocols, const char *proxies)
{
    struct own_address *own = memory_new(struct own_address);
    bool all = strstr(protocols, "all") != NULL || *protocols == '\0';

    own->ipv4 = all || strstr(protocols, "ipv4") != NULL;
    own->ipv6 = all || strstr(protocols, "ipv6") != NULL;
    add_words(own, interfaces);
    own->interface_count = own->count;
    add_words(own, proxies);
    return own;
}

void own_address_close(struct own_address *own)
{
    if (own == NULL)
        return;
    free(own->list);
    free(own);
}
