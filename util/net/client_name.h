/* client_name.h: who connects: the address, and the host name when its forward look-up leads back to the address (reverse
 * and forward by the C library, so that /etc/hosts counts). */
#ifndef UTIL_NET_CLIENT_NAME_H
#define UTIL_NET_CLIENT_NAME_H
#include <stdbool.h>
#include <sys/socket.h>

#include "util/base/arena.h"

#define CLIENT_NAME_UNKNOWN "unknown"

enum client_name_status {
    CLIENT_NAME_FOUND,
    CLIENT_NAME_TEMPORARY, /* the look-up failed: maybe later */
    CLIENT_NAME_ABSENT,    /* there is no name */
    CLIENT_NAME_FORGED,    /* the name belongs to other addresses */
};

struct client_name {
    const char *name;         /* verified, or "unknown" */
    const char *reverse_name; /* as the reverse look-up says, verified or not, or "unknown" */
    const char *address;      /* "192.0.2.1", "2001:db8::1"; IPv4 in IPv6 clothes is shown as IPv4 */
    const char *port;
    enum client_name_status status;         /* of name */
    enum client_name_status reverse_status; /* of reverse_name */
};

/* look_up: false leaves the names unknown (smtpd_peername_lookup). A peer that isn't IP (a local socket) counts as localhost,
 * 127.0.0.1. Texts live in the arena. */
void client_name_find(const struct sockaddr *peer, socklen_t length, bool look_up, struct arena *arena,
    struct client_name *client);
#endif
