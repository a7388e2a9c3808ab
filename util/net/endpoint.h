/* endpoint.h: stream sockets by name, as filters and the like are configured: "inet:host:port", "unix:path" (or "local:path"),
 * and "host:port". A host may stand in []; relative paths are below queue_directory, where daemons work. */
#ifndef UTIL_NET_ENDPOINT_H
#define UTIL_NET_ENDPOINT_H
#include <stdbool.h>
#include <stdint.h>

/* protocols: inet_protocols. Connects within the time limit: a descriptor (close-on-exec, non-blocking or not), or -1 with
 * errno. A host name that can't be found is logged (errno: EADDRNOTAVAIL). */
int endpoint_connect(const char *protocols, const char *endpoint, int64_t timeout_s);
#endif
