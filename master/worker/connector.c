#include "master/worker/connector.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "util/base/clock.h"
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

/* Sends the question; where the answer will come, or -1 with errno. */
static int send_request(const struct connector_request *request)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return -1;
    bool sent = fd_send(state.fd, request, sizeof(*request), pair[1], 0) == (ssize_t)sizeof(*request);
    int saved = errno;
    fd_close(&pair[1]); /* so that a connector that dies shows as end of file */
    if (!sent)
        fd_close(&pair[0]);
    errno = saved;
    return pair[0];
}

/* False: none came, errno. */
static bool take_reply(int from, struct connector_answer *reply, int *fd)
{
    ssize_t length = fd_receive(from, reply, sizeof(*reply), fd, 0);

    reply->entry[sizeof(reply->entry) - 1] = '\0';
    errno = ECONNREFUSED;
    return length >= (ssize_t)sizeof(reply->error);
}

/* One question and its answer, with the descriptor if there is one (else -1). False: no answer came, errno. */
static bool ask(const struct connector_request *request, int64_t deadline, struct connector_answer *reply, int *fd)
{
    int from = send_request(request);
    struct pollfd answer = { .fd = from, .events = POLLIN };
    bool is_there = false;

    *fd = -1;
    *reply = (struct connector_answer){0};
    if (from < 0)
        return false;
    errno = ETIMEDOUT;
    if (poll(&answer, 1, clock_left_ms(deadline)) == 1)
        is_there = take_reply(from, reply, fd);
    int saved = errno;
    fd_close(&from);
    errno = saved;
    return is_there;
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

static bool make_request(const char *path, struct connector_request *request)
{
    const char *name = state.fd < 0 ? NULL : relative(path);

    *request = (struct connector_request){0};
    if (name == NULL || strlen(name) >= sizeof(request->path)) {
        errno = EACCES;
        return false;
    }
    memcpy(request->path, name, strlen(name));
    return true;
}

int connector_ask(const char *path)
{
    struct connector_request request;

    return make_request(path, &request) ? send_request(&request) : -1;
}

int connector_take(int from)
{
    struct connector_answer reply = {0};
    int fd = -1;

    bool is_there = take_reply(from, &reply, &fd);
    (void)close(from); /* has served */
    if (fd < 0)
        errno = !is_there ? ECONNREFUSED : reply.error != 0 ? reply.error : EACCES;
    return fd;
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
    struct connector_request request;
    int64_t deadline = timeout_ms < 0 ? CLOCK_NEVER : clock_monotonic_ms() + timeout_ms;

    if (!make_request(path, &request))
        return -1;
    for (;;) {
        int fd = ask_for_socket(&request, deadline);
        /* EAGAIN: the other side's backlog is full just now. */
        if (fd >= 0 || errno != EAGAIN || clock_left_ms(deadline) == 0)
            return fd;
        (void)poll(NULL, 0, 10); /* only a pause */
    }
}
