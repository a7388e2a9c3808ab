/* own_address.h: which IP addresses are this machine's, as inet_interfaces, inet_protocols and proxy_interfaces say. */
#ifndef UTIL_NET_OWN_ADDRESS_H
#define UTIL_NET_OWN_ADDRESS_H
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct own_address;

/* interfaces: "all", "loopback-only", or host names and addresses, as inet_interfaces has them. protocols: "all", "ipv4",
 * "ipv6" or both. proxies: more addresses or names (proxy_interfaces), may be "". Names that don't resolve are warned of. */
struct own_address *own_address_open(const char *interfaces, const char *protocols, const char *proxies);
void own_address_close(struct own_address *own); /* NULL is allowed */

/* Whether it is one of ours; ports don't matter. */
bool own_address_has(const struct own_address *own, const struct sockaddr *address);
/* "192.0.2.1" or "2001:db8::1"; anything else is not ours. */
bool own_address_has_text(const struct own_address *own, const char *address);
/* The addresses from inet_interfaces, for whoever listens on them; proxies come behind (count tells the former). */
const struct sockaddr_storage *own_address_list(const struct own_address *own, size_t *count);
#endif
