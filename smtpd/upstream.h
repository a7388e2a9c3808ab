/* upstream.h: a proxy in front of us tells whose connection it hands on (smtpd_upstream_proxy_protocol). */
#ifndef SMTPD_UPSTREAM_H
#define SMTPD_UPSTREAM_H
#include <stdbool.h>
#include <sys/socket.h>

#include "util/config/config.h"

struct upstream {
    struct sockaddr_storage client;
    struct sockaddr_storage server;
    bool is_told; /* else the connection is what it seems to be */
};

/* Reads the header if one is to come. False: it isn't one, which was logged: the session must not begin. */
bool upstream_read(const struct config *config, int fd, struct upstream *upstream);
#endif
