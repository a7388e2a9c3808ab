#include "util/net/tcp_connect.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "util/io/fd.h"

enum { NAME_BYTES = 256 };

struct endpoint {
    char host[NAME_BYTES];
    const char *port;
};

static bool split(const char *text, struct endpoint *endpoint)
{
    const char *colon = strrchr(text, ':');
    size_t length = colon == NULL ? 0 : (size_t)(colon - text);

    if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
        text++;
        length -= 2;
    }
    if (length == 0 || length >= sizeof(endpoint->host) || colon[1] == '\0')
        return false;
    memcpy(endpoint->host, text, length);
    endpoint->host[length] = '\0';
    endpoint->port = colon + 1;
    return true;
}

/* Waits for the end of a connect that is under way; 0 or what errno would be. */
static int finish(int fd, int timeout_ms)
{
    struct pollfd one = { .fd = fd, .events = POLLOUT };
    int error = 0;
    socklen_t size = sizeof(error);
    int ready;

    do
        ready = poll(&one, 1, timeout_ms);
    while (ready < 0 && errno == EINTR);
    if (ready == 0)
        return ETIMEDOUT;
    if (ready < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        return errno;
    return error;
}

static int try_address(const struct addrinfo *info, int timeout_ms)
{
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    fd_set_nonblocking(fd, true);
    int error = connect(fd, info->ai_addr, info->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS || error == EINTR)
        error = finish(fd, timeout_ms);
    if (error != 0)
        fd_close(&fd);
    else
        fd_set_nonblocking(fd, false);
    errno = error;
    return fd;
}

int tcp_connect(const char *text, int timeout_ms, const char **why)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *list = NULL;
    struct endpoint endpoint;
    int fd = -1;

    *why = "need host:port";
    if (!split(text, &endpoint))
        return -1;
    int result = getaddrinfo(endpoint.host, endpoint.port, &hints, &list);
    if (result != 0) {
        *why = gai_strerror(result);
        return -1;
    }
    for (const struct addrinfo *info = list; info != NULL && fd < 0; info = info->ai_next)
        fd = try_address(info, timeout_ms);
    if (fd < 0)
        *why = strerror(errno);
    freeaddrinfo(list);
    return fd;
}
