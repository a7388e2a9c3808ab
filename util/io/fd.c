#include "util/io/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/base/clock.h"

static void set_flag(int fd, int get, int set, int flag, bool on)
{
    int flags = fcntl(fd, get);

    if (flags >= 0)
        (void)fcntl(fd, set, on ? flags | flag : flags & ~flag); /* fails only for bad descriptors */
}

void fd_set_nonblocking(int fd, bool on)
{
    int value = on;

    (void)ioctl(fd, FIONBIO, &value); /* fails only for bad descriptors */
}

void fd_set_close_on_exec(int fd, bool on)
{
    set_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

void fd_close(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd); /* callers that care about write errors sync first */
    *fd = -1;
}

bool fd_write_all(int fd, const void *bytes, size_t length)
{
    const char *from = bytes;

    while (length > 0) {
        ssize_t count = write(fd, from, length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return false;
        from += count;
        length -= (size_t)count;
    }
    return true;
}

bool fd_pwrite_all(int fd, const void *bytes, size_t length, off_t offset)
{
    const char *from = bytes;

    while (length > 0) {
        ssize_t count = pwrite(fd, from, length, offset);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return false;
        from += count;
        offset += count;
        length -= (size_t)count;
    }
    return true;
}

ssize_t fd_pread_all(int fd, void *bytes, size_t length, off_t offset)
{
    size_t have = 0;

    while (have < length) {
        ssize_t count = pread(fd, (char *)bytes + have, length - have, offset + (off_t)have);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -1;
        if (count == 0)
            break;
        have += (size_t)count;
    }
    return (ssize_t)have;
}

static bool unix_address(const char *path, struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof(address->sun_path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(address->sun_path, path, strlen(path) + 1);
    return true;
}

bool fd_finish_connect(int fd, int64_t deadline_ms)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
    int error = 0;
    socklen_t size = sizeof(error);
    int ready;

    do
        ready = poll(&poll_fd, 1, clock_left_ms(deadline_ms));
    while (ready < 0 && errno == EINTR);
    if (ready == 0)
        errno = ETIMEDOUT;
    if (ready <= 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        return false;
    errno = error;
    return error == 0;
}

static int (*other_connector)(const char *path, int timeout_ms);

void fd_set_connector(int (*connector)(const char *path, int timeout_ms))
{
    other_connector = connector;
}

int fd_connect_unix(const char *path, int timeout_ms)
{
    struct sockaddr_un address;

    if (!unix_address(path, &address))
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    /* A Unix socket with a full backlog makes a blocking connect wait: the send timeout bounds that. */
    struct timeval limit = { .tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000 };
    if (timeout_ms >= 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)); /* else it just waits longer */
    bool connected = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0
        || (errno == EINPROGRESS && fd_finish_connect(fd, timeout_ms < 0 ? CLOCK_NEVER : clock_monotonic_ms() + timeout_ms));
    int saved = errno == EAGAIN ? ETIMEDOUT : errno;
    if (!connected)
        fd_close(&fd);
    if (!connected && saved == EACCES && other_connector != NULL)
        return other_connector(path, timeout_ms);
    errno = saved;
    return fd;
}

int fd_connect_unix_now(const char *path)
{
    struct sockaddr_un address;

    if (!unix_address(path, &address))
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        int saved = errno;
        fd_close(&fd);
        errno = saved;
    }
    return fd;
}

int fd_listen_unix(const char *path, mode_t mode, int backlog)
{
    struct sockaddr_un address;
    struct stat status;

    if (!unix_address(path, &address))
        return -1;
    if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode) && unlink(path) != 0)
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || chmod(path, mode) != 0
        || listen(fd, backlog) != 0) {
        int saved = errno;
        fd_close(&fd);
        errno = saved;
    }
    return fd;
}

union control {
    struct cmsghdr header; /* for its alignment */
    char bytes[CMSG_SPACE(sizeof(int) * 8)];
};

ssize_t fd_send(int socket, const void *bytes, size_t length, int fd, int flags)
{
    struct iovec part = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = length };
    union control control = {0};
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

    if (fd >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &fd, sizeof(fd));
    }
    for (;;) {
        ssize_t count = sendmsg(socket, &message, MSG_NOSIGNAL | flags);
        if (count >= 0 || errno != EINTR)
            return count;
    }
}

/* Keeps the first descriptor of a message, closes the others. */
static void take_fds(struct msghdr *message, int *fd)
{
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL; header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int got;
            memcpy(&got, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
            if (*fd < 0)
                *fd = got;
            else
                (void)close(got); /* nobody asked for it */
        }
    }
}

ssize_t fd_receive(int socket, void *bytes, size_t length, int *fd, int flags)
{
    struct iovec part = { .iov_base = bytes, .iov_len = length };
    union control control;
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

    *fd = -1;
    for (;;) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof(control.bytes);
        ssize_t count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | flags);
        if (count < 0 && errno == EINTR)
            continue;
        if (count >= 0)
            take_fds(&message, fd);
        return count;
    }
}

void fd_set_window(int fd, int64_t bytes)
{
    int size = bytes > INT_MAX ? INT_MAX : (int)bytes;

    if (size <= 0)
        return;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)); /* a workaround, which needn't work */
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)); /* as above */
}
