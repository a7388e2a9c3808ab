#include "util/net/client_name.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "util/log/log.h"
#include "util/net/host_name.h"

/* IPv4 mapped into IPv6 is what a dual-stack socket shows for an IPv4 client. */
static const struct sockaddr *unmap(const struct sockaddr *peer, socklen_t *length, struct sockaddr_in *unmapped)
{
    if (peer->sa_family != AF_INET6)
        return peer;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)peer;
    if (!IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
        return peer;
    *unmapped = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = in6->sin6_port };
    memcpy(&unmapped->sin_addr, &in6->sin6_addr.s6_addr[12], sizeof(unmapped->sin_addr));
    *length = sizeof(*unmapped);
    return (const struct sockaddr *)unmapped;
}

static bool same_address(const struct sockaddr *left, const struct sockaddr *right)
{
    if (left->sa_family != right->sa_family)
        return false;
    if (left->sa_family == AF_INET)
        return memcmp(&((const struct sockaddr_in *)left)->sin_addr, &((const struct sockaddr_in *)right)->sin_addr,
                   sizeof(struct in_addr)) == 0;
    return memcmp(&((const struct sockaddr_in6 *)left)->sin6_addr, &((const struct sockaddr_in6 *)right)->sin6_addr,
               sizeof(struct in6_addr)) == 0;
}

static bool is_temporary(int error)
{
    return error == EAI_AGAIN || error == EAI_MEMORY || error == EAI_SYSTEM;
}

/* Whether the name leads back to the address. */
static enum client_name_status verify(const char *name, const struct sockaddr *peer, const char *address)
{
    struct addrinfo hints = { .ai_family = peer->sa_family, .ai_socktype = SOCK_STREAM };
    struct addrinfo *list = NULL;

    int error = getaddrinfo(name, NULL, &hints, &list);
    if (error != 0) {
        log_warning("hostname %s does not resolve to address %s: %s", name, address, gai_strerror(error));
        return is_temporary(error) ? CLIENT_NAME_TEMPORARY : CLIENT_NAME_FORGED;
    }
    enum client_name_status status = CLIENT_NAME_FORGED;
    for (const struct addrinfo *one = list; one != NULL; one = one->ai_next) {
        if (same_address(one->ai_addr, peer)) {
            status = CLIENT_NAME_FOUND;
            break;
        }
    }
    if (status == CLIENT_NAME_FORGED)
        log_warning("hostname %s does not resolve to address %s", name, address);
    freeaddrinfo(list);
    return status;
}

static void look_up_names(const struct sockaddr *peer, socklen_t length, struct arena *arena, struct client_name *client)
{
    char name[NI_MAXHOST];

    int error = getnameinfo(peer, length, name, sizeof(name), NULL, 0, NI_NAMEREQD);
    if (error != 0) {
        client->status = client->reverse_status = is_temporary(error) ? CLIENT_NAME_TEMPORARY : CLIENT_NAME_ABSENT;
        return;
    }
    /* A PTR record may hold anything. A numeric one could pass for an address. */
    if (host_name_is_address(name, HOST_NAME_SILENT)) {
        log_warning("numeric hostname %s for address %s", name, client->address);
        return;
    }
    if (!host_name_is_valid(name, HOST_NAME_GRIPE))
        return;
    client->reverse_name = arena_copy_text(arena, name);
    client->reverse_status = CLIENT_NAME_FOUND;
    client->status = verify(name, peer, client->address);
    if (client->status == CLIENT_NAME_FOUND)
        client->name = client->reverse_name;
}

void client_name_find(const struct sockaddr *peer, socklen_t length, bool look_up, struct arena *arena,
    struct client_name *client)
{
    char address[NI_MAXHOST];
    char port[NI_MAXSERV];
    struct sockaddr_in unmapped;

    *client = (struct client_name){ .name = CLIENT_NAME_UNKNOWN, .reverse_name = CLIENT_NAME_UNKNOWN,
        .address = CLIENT_NAME_UNKNOWN, .port = CLIENT_NAME_UNKNOWN, .status = CLIENT_NAME_ABSENT,
        .reverse_status = CLIENT_NAME_ABSENT };
    if (peer->sa_family != AF_INET && peer->sa_family != AF_INET6) {
        client->name = client->reverse_name = "localhost";
        client->address = "127.0.0.1";
        client->port = "0";
        client->status = client->reverse_status = CLIENT_NAME_FOUND;
        return;
    }
    const struct sockaddr *real = unmap(peer, &length, &unmapped);
    if (getnameinfo(real, length, address, sizeof(address), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    address[strcspn(address, "%")] = '\0'; /* a link-local address comes with its interface */
    client->address = arena_copy_text(arena, address);
    client->port = arena_copy_text(arena, port);
    if (look_up)
        look_up_names(real, length, arena, client);
}
