#include "master/worker/connector.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "util/base/clock.h"
#include "util/base/text.h"
#include "util/io/fd.h"

static struct {
    int fd;
    const char *queue_directory;
} state = { .fd = -1 };

void connector_use(int connector, const char *queue_directory)
{
    state.fd = connector;
    state.queue_directory = queue_directory;
}

/* The path as the connector wants it; NULL if it isn't below the queue directory. */
static const char *relative(const char *path)
{
    size_t length = strlen(state.queue_directory);

    if (path[0] != '/')
        return path;
    if (strncmp(path, state.queue_directory, length) != 0 || path[length] != '/')
        return NULL;
    return path + length + 1;
}

/* One question and its answer. -1 with errno. */
static int ask(const struct connector_request *request, int64_t deadline)
{
    int pair[2];
    int fd = -1;
    int error = ETIMEDOUT;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return -1;
    struct pollfd answer = { .fd = pair[0], .events = POLLIN };
    if (fd_send(state.fd, request, sizeof(*request), pair[1]) != (ssize_t)sizeof(*request))
        error = errno;
    else {
        fd_close(&pair[1]); /* so that a connector that dies shows as end of file */
        if (poll(&answer, 1, clock_left_ms(deadline)) == 1
            && fd_receive(pair[0], &error, sizeof(error), &fd) != (ssize_t)sizeof(error))
            error = ECONNREFUSED;
    }
    fd_close(&pair[0]);
    fd_close(&pair[1]);
    if (fd < 0)
        errno = error != 0 ? error : EACCES;
    return fd;
}

int connector_connect(const char *path, int timeout_ms)
{
    const char *name = relative(path);
    struct connector_request request = {0};
    int64_t deadline = timeout_ms < 0 ? CLOCK_NEVER : clock_monotonic_ms() + timeout_ms;

    if (state.fd < 0 || name == NULL || strlen(name) >= sizeof(request.path)) {
        errno = EACCES;
        return -1;
    }
    memcpy(request.path, name, strlen(name));
    for (;;) {
        int fd = ask(&request, deadline);
        /* EAGAIN: the other side's backlog is full just now. */
        if (fd >= 0 || errno != EAGAIN || clock_left_ms(deadline) == 0)
            return fd;
        (void)poll(NULL, 0, 10); /* only a pause */
    }
}
