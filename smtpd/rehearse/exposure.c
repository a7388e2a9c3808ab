#include "smtpd/rehearse/exposure.h"

#include <netdb.h>
#include <string.h>

#include "util/base/arena.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/net/ip_address.h"

static const struct {
    const char *network;
    enum exposure exposure;
} networks[] = {
    { "127.0.0.0/8", EXPOSURE_NONE },        { "::1", EXPOSURE_NONE },
    { "10.0.0.0/8", EXPOSURE_PRIVATE },      { "172.16.0.0/12", EXPOSURE_PRIVATE },
    { "192.168.0.0/16", EXPOSURE_PRIVATE },  { "169.254.0.0/16", EXPOSURE_PRIVATE },
    { "100.64.0.0/10", EXPOSURE_PRIVATE },   { "fc00::/7", EXPOSURE_PRIVATE },
    { "fe80::/10", EXPOSURE_PRIVATE },
};

static enum exposure of_address(const struct ip_address *address)
{
    enum exposure exposure = EXPOSURE_PUBLIC;
    struct ip_network network;
    struct str why = {0};

    for (size_t i = 0; i < COUNT_OF(networks) && exposure == EXPOSURE_PUBLIC; i++) {
        if (ip_network_parse(networks[i].network, &network, &why) && ip_network_has(&network, address))
            exposure = networks[i].exposure;
    }
    str_free(&why);
    return exposure;
}

enum exposure exposure_of_host(const char *host)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *list;
    enum exposure exposure = EXPOSURE_NONE;

    if (text_equal_nocase(host, "loopback-only"))
        return EXPOSURE_NONE;
    if (text_equal_nocase(host, "all") || getaddrinfo(host, NULL, &hints, &list) != 0)
        return EXPOSURE_PUBLIC;
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next) {
        struct ip_address address;
        enum exposure one = ip_address_from_socket(info->ai_addr, &address) ? of_address(&address) : EXPOSURE_NONE;
        exposure = one > exposure ? one : exposure;
    }
    freeaddrinfo(list);
    return exposure;
}

static enum exposure of_words(const char *list, struct arena *arena)
{
    enum exposure exposure = EXPOSURE_NONE;
    const char *word;
    size_t length;

    while (text_next_word(&list, TEXT_LIST_SEPARATORS, &word, &length)) {
        bool brackets = length > 2 && word[0] == '[' && word[length - 1] == ']';
        enum exposure one = exposure_of_host(arena_copy_bytes(arena, word + brackets, length - (brackets ? 2 : 0)));
        exposure = one > exposure ? one : exposure;
    }
    return exposure;
}

enum exposure exposure_of(const struct master_cf_entry *entry, const struct config *config)
{
    const char *service = entry->fields[MASTER_CF_SERVICE];
    const char *colon = strrchr(service, ':');
    struct arena *arena = arena_new();
    enum exposure exposure;

    if (entry->type != MASTER_CF_INET && entry->type != MASTER_CF_PASS)
        exposure = EXPOSURE_NONE;
    else if (entry->type == MASTER_CF_PASS || colon == NULL || colon == service)
        exposure = of_words(config->inet_interfaces, arena); /* postscreen, which passes clients on, listens there */
    else
        exposure = of_words(arena_copy_bytes(arena, service, (size_t)(colon - service)), arena);
    arena_free(arena);
    return exposure;
}
