#include "master/worker/pass.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "util/io/fd.h"
#include "util/log/log.h"

struct pass_message {
    struct pass_end peer;
    struct pass_end local;
};

bool pass_send(int socket, int fd, const struct pass_end *peer, const struct pass_end *local)
{
    struct pass_message message;

    memset(&message, 0, sizeof(message)); /* padding is sent, too */
    message.peer = *peer;
    message.local = *local;
    ssize_t count = fd_send(socket, &message, sizeof(message), fd, 0);
    if (count >= 0 && count != (ssize_t)sizeof(message))
        errno = EPROTO;
    return count == (ssize_t)sizeof(message);
}

static socklen_t socket_address(const struct pass_end *end, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof(*out));
    if (end->address.family == AF_INET) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;
        in->sin_family = AF_INET;
        in->sin_port = htons(end->port);
        memcpy(&in->sin_addr, end->address.bytes, sizeof(in->sin_addr));
        return sizeof(*in);
    }
    if (end->address.family == AF_INET6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(end->port);
        memcpy(&in6->sin6_addr, end->address.bytes, sizeof(in6->sin6_addr));
        return sizeof(*in6);
    }
    return 0;
}

void pass_receive(struct client *client, int timeout_s)
{
    struct timeval limit = { .tv_sec = timeout_s };
    struct pass_message message;
    int fd = -1;

    (void)setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)); /* else it waits longer */
    ssize_t count = fd_receive(client->fd, &message, sizeof(message), &fd, 0);
    if (count < 0)
        log_warning("receive a handed over connection: %m");
    fd_close(&client->fd);
    client->fd = fd;
    if (fd < 0)
        return;
    client->peer_length = count == (ssize_t)sizeof(message) ? socket_address(&message.peer, &client->peer) : 0;
    client->local_length = client->peer_length > 0 ? socket_address(&message.local, &client->local) : 0;
    if (client->peer_length > 0)
        return;
    client->peer_length = sizeof(client->peer);
    if (getpeername(fd, (struct sockaddr *)&client->peer, &client->peer_length) != 0)
        client->peer_length = 0;
}
