#include "master/worker/connector.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "util/base/clock.h"
#include "util/base/text.h"
#include "util/io/fd.h"

enum { USER_TIMEOUT_S = 100 };

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

/* One question and its answer, with the descriptor if there is one (else -1). False: no answer came, errno. */
static bool ask(const struct connector_request *request, int64_t deadline, struct connector_answer *reply, int *fd)
{
    int pair[2];
    int error = ETIMEDOUT;
    ssize_t length = 0;

    *fd = -1;
    *reply = (struct connector_answer){0};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    struct pollfd answer = { .fd = pair[0], .events = POLLIN };
    if (fd_send(state.fd, request, sizeof(*request), pair[1]) != (ssize_t)sizeof(*request)) {
        error = errno;
    } else {
        fd_close(&pair[1]); /* so that a connector that dies shows as end of file */
        if (poll(&answer, 1, clock_left_ms(deadline)) == 1) {
            length = fd_receive(pair[0], reply, sizeof(*reply), fd);
            error = ECONNREFUSED;
        }
    }
    fd_close(&pair[0]);
    fd_close(&pair[1]);
    reply->entry[sizeof(reply->entry) - 1] = '\0';
    errno = error;
    return length >= (ssize_t)sizeof(reply->error);
}

enum table_result connector_find_user(const char *table, const char *key, struct str *value)
{
    struct connector_request request = {0};
    struct connector_answer reply;
    int fd;

    if (strlen(key) >= sizeof(request.key) || strlen(table) >= sizeof(request.path))
        return TABLE_ABSENT; /* nobody has such a name */
    memcpy(request.path, table, strlen(table));
    memcpy(request.key, key, strlen(key));
    if (!ask(&request, clock_deadline_s(USER_TIMEOUT_S), &reply, &fd)) {
        str_printf(value, "ask about users outside of the chroot: %s", strerror(errno));
        return TABLE_FAILED;
    }
    fd_close(&fd); /* none was asked for */
    if (reply.error == 0)
        str_set(value, reply.entry);
    else if (reply.error != ENOENT)
        str_set(value, strerror(reply.error));
    return reply.error == 0 ? TABLE_FOUND : reply.error == ENOENT ? TABLE_ABSENT : TABLE_FAILED;
}

static int ask_for_socket(const struct connector_request *request, int64_t deadline)
{
    struct connector_answer reply;
    int fd;

    if (ask(request, deadline, &reply, &fd) && fd < 0)
        errno = reply.error != 0 ? reply.error : EACCES;
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
        int fd = ask_for_socket(&request, deadline);
        /* EAGAIN: the other side's backlog is full just now. */
        if (fd >= 0 || errno != EAGAIN || clock_left_ms(deadline) == 0)
            return fd;
        (void)poll(NULL, 0, 10); /* only a pause */
    }
}
