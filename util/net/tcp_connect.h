/* tcp_connect.h: connects to a service that configuration names as "host:port" ("inet:" taken away before). */
#ifndef UTIL_NET_TCP_CONNECT_H
#define UTIL_NET_TCP_CONNECT_H

/* host: a name or an address, [in brackets] if it has colons; port: a number or a service name. Tries all addresses in turn;
 * each may take timeout_ms. The descriptor (close-on-exec), or -1 with *why (constant text). */
int tcp_connect(const char *endpoint, int timeout_ms, const char **why);
#endif
