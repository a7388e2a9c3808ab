/* pass.h: how a front process (postscreen) hands a connection to a worker of type pass: one message at the worker's socket with
 * the descriptor and what the front process knows of the client (a proxy may have told it another address than the socket's). */
#ifndef MASTER_WORKER_PASS_H
#define MASTER_WORKER_PASS_H
#include <stdbool.h>
#include <stdint.h>

#include "master/worker/worker.h"
#include "util/net/ip_address.h"

struct pass_end {
    struct ip_address address; /* family 0: ask the socket */
    uint16_t port;
};

/* Sends it; both descriptors stay the caller's. False with errno (EAGAIN: not now). */
bool pass_send(int socket, int fd, const struct pass_end *peer, const struct pass_end *local);
/* Replaces the worker's connection by the one that comes over it. client->fd is -1 when none came. */
void pass_receive(struct client *client, int timeout_s);
#endif
