#include "util/sys/listener_wait.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "util/base/memory.h"
#include "util/log/log.h"

#ifdef __linux__
#include <sys/epoll.h>

struct listener_wait {
    int epoll;
};

static void watch(int epoll, int fd, uint32_t events, int index)
{
    struct epoll_event event = { .events = events, .data.fd = index };

    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        log_fatal("epoll_ctl: %m");
}

struct listener_wait *listener_wait_new(const int *listeners, int listener_count, int other_fd)
{
    struct listener_wait *wait = memory_new(struct listener_wait);

    wait->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (wait->epoll < 0)
        log_fatal("epoll_create1: %m");
    for (int i = 0; i < listener_count; i++)
        watch(wait->epoll, listeners[i], EPOLLIN | EPOLLEXCLUSIVE, i);
    if (other_fd >= 0)
        watch(wait->epoll, other_fd, EPOLLIN, LISTENER_WAIT_OTHER);
    return wait;
}

void listener_wait_free(struct listener_wait *wait)
{
    if (wait != NULL)
        (void)close(wait->epoll); /* nothing was written */
    free(wait);
}

int listener_wait_next(struct listener_wait *wait, int timeout_ms, const sigset_t *mask)
{
    struct epoll_event events[16];
    int count = epoll_pwait(wait->epoll, events, COUNT_OF(events), timeout_ms, mask);

    if (count < 0 && errno != EINTR)
        log_fatal("epoll_pwait: %m");
    if (count < 0)
        return LISTENER_WAIT_SIGNAL;
    for (int i = 0; i < count; i++)
        if (events[i].data.fd == LISTENER_WAIT_OTHER)
            return LISTENER_WAIT_OTHER;
    return count == 0 ? LISTENER_WAIT_TIMEOUT : events[0].data.fd;
}
#else
#include <poll.h>
#include <time.h>

struct listener_wait {
    struct pollfd *fds;
    nfds_t count;
};

struct listener_wait *listener_wait_new(const int *listeners, int listener_count, int other_fd)
{
    struct listener_wait *wait = memory_new(struct listener_wait);

    wait->count = (nfds_t)listener_count + 1;
    wait->fds = memory_zeroed(wait->count, sizeof(struct pollfd));
    for (int i = 0; i < listener_count; i++)
        wait->fds[i + 1] = (struct pollfd){ .fd = listeners[i], .events = POLLIN };
    wait->fds[0] = (struct pollfd){ .fd = other_fd, .events = POLLIN }; /* poll passes over -1 */
    return wait;
}

void listener_wait_free(struct listener_wait *wait)
{
    if (wait != NULL)
        free(wait->fds);
    free(wait);
}

int listener_wait_next(struct listener_wait *wait, int timeout_ms, const sigset_t *mask)
{
    struct timespec limit = { .tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L };
    int count = ppoll(wait->fds, wait->count, timeout_ms < 0 ? NULL : &limit, mask);

    if (count < 0 && errno != EINTR)
        log_fatal("ppoll: %m");
    if (count < 0)
        return LISTENER_WAIT_SIGNAL;
    for (nfds_t i = 0; count > 0 && i < wait->count; i++)
        if (wait->fds[i].revents != 0)
            return (int)i - 1;
    return LISTENER_WAIT_TIMEOUT;
}
#endif
