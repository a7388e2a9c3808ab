/* ip_address.h: numeric IP addresses and networks in text and binary form (no look-ups). The text forms are those of
 * mynetworks and cidr_table(5); "IPv6:" and [] of SMTP address literals (RFC 5321 section 4.1.3) are taken by their own
 * functions. */
#ifndef UTIL_NET_IP_ADDRESS_H
#define UTIL_NET_IP_ADDRESS_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "util/base/str.h"

struct ip_address {
    int family;              /* AF_INET or AF_INET6 */
    unsigned char bytes[16]; /* network order; 4 are used for AF_INET */
};

/* "192.0.2.1" or "2001:db8::1", nothing else. */
bool ip_address_parse(const char *text, struct ip_address *address);
/* "[192.0.2.1]", "[IPv6:2001:db8::1]": what may stand behind the @ of an address, brackets included. */
bool ip_address_parse_literal(const char *text, struct ip_address *address);
/* From a socket address; an IPv4 address mapped into IPv6 becomes plain IPv4. False: another family. */
bool ip_address_from_socket(const struct sockaddr *socket_address, struct ip_address *address);
/* Appended. */
void ip_address_put(const struct ip_address *address, struct str *out);

struct ip_network {
    struct ip_address address; /* host bits are zero */
    unsigned prefix_length;
};

/* "192.0.2.0/24", "2001:db8::/32", or an address alone (all bits count); [] around the address or the whole are allowed.
 * False: *why (replaced) says what is wrong, as Postfix words it. */
bool ip_network_parse(const char *text, struct ip_network *network, struct str *why);
bool ip_network_has(const struct ip_network *network, const struct ip_address *address);
#endif
