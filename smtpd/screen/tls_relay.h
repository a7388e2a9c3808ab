/* tls_relay.h: one client of tlsproxy: the handshake, then bytes from TLS to plain text and back, until either side ends. */
#ifndef SMTPD_SCREEN_TLS_RELAY_H
#define SMTPD_SCREEN_TLS_RELAY_H
#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>

#include "util/net/tls.h"

/* What all relays of the process share. */
struct tls_relays {
    struct event_base *events;
    struct tls_context *context; /* NULL: keys couldn't be loaded; clients are hung up on */
    int log_level;
    int64_t handshake_s;
    size_t count;
};

/* Takes a connection of postscreen's. */
void tls_relay_start(struct tls_relays *relays, int fd);
#endif
