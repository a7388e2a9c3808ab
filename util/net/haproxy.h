/* haproxy.h: the header by which a proxy in front of a server tells who the client is: HAProxy's PROXY protocol, versions 1 (a
 * line) and 2 (binary), http://www.haproxy.org/download/2.2/doc/proxy-protocol.txt. Errors read as in Postfix's log. */
#ifndef UTIL_NET_HAPROXY_H
#define UTIL_NET_HAPROXY_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/base/str.h"
#include "util/net/ip_address.h"

enum { HAPROXY_BYTES_MAX = 536 };

struct haproxy_header {
    bool is_local; /* the proxy speaks for itself: the socket's own addresses hold */
    struct ip_address client;
    struct ip_address server;
    uint16_t client_port;
    uint16_t server_port;
    size_t length; /* of the header */
};

/* Which address families are acceptable, as inet_protocols says. */
struct haproxy_families {
    bool ipv4;
    bool ipv6;
};
struct haproxy_families haproxy_families_of(const char *inet_protocols);

/* bytes: all that has come. Proxies send the header in one piece, so an incomplete one is bad. False: *why (replaced) says what
 * is wrong, and with what. */
bool haproxy_parse(const char *bytes, size_t length, struct haproxy_families families, struct haproxy_header *header,
    struct str *why);

/* Takes the header, and nothing behind it, from a socket that is readable. False: *why, as above. */
bool haproxy_take(int socket, struct haproxy_families families, struct haproxy_header *header, struct str *why);
#endif
