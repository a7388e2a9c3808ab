#include "smtpd/screen/dial.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "master/worker/connector.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/io/fd.h"
#include "util/log/log.h"

enum { PAUSE_MS = 50 };

struct dial {
    struct event_base *events;
    struct event *event;   /* the next try, or the connector's answer */
    const char *path;
    int64_t deadline_ms;
    int reply;             /* where the connector answers; -1 */
    void (*done)(void *context, int fd);
    void *context;
};

static void on_event(evutil_socket_t fd, short what, void *context);

static void wait_for(struct dial *dial, int fd, int64_t milliseconds)
{
    struct timeval limit = { .tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000 };

    if (dial->event != NULL)
        event_free(dial->event);
    dial->event = event_new(dial->events, fd, fd < 0 ? EV_TIMEOUT : EV_READ, on_event, dial);
    if (dial->event == NULL || event_add(dial->event, &limit) != 0)
        log_fatal("no event: %m");
}

static void finish(struct dial *dial, int fd)
{
    void (*done)(void *context, int fd) = dial->done;
    void *context = dial->context;
    int saved = errno;

    dial_stop(dial);
    if (fd >= 0)
        fd_set_nonblocking(fd, true);
    errno = saved;
    done(context, fd);
}

static void take_result(struct dial *dial, int fd)
{
    int64_t left_ms = dial->deadline_ms - clock_monotonic_ms();

    if (fd < 0 && (errno == EAGAIN || errno == EMFILE || errno == ENFILE) && left_ms > 0)
        wait_for(dial, -1, PAUSE_MS);
    else
        finish(dial, fd);
}

static void try_now(struct dial *dial)
{
    int fd = fd_connect_unix_now(dial->path);

    if (fd < 0 && errno == EACCES) {
        dial->reply = connector_ask(dial->path);
        if (dial->reply >= 0) {
            wait_for(dial, dial->reply, dial->deadline_ms - clock_monotonic_ms());
            return;
        }
    }
    take_result(dial, fd);
}

static void on_event(evutil_socket_t fd, short what, void *context)
{
    struct dial *dial = context;

    if (dial->reply < 0) {
        try_now(dial);
        return;
    }
    if (what & EV_TIMEOUT) {
        errno = ETIMEDOUT;
        finish(dial, -1);
        return;
    }
    int reply = dial->reply;
    dial->reply = -1;
    take_result(dial, connector_take(reply));
}

struct dial *dial_start(struct event_base *events, const char *path, int64_t timeout_s, void (*done)(void *context, int fd),
    void *context)
{
    struct dial *dial = memory_new(struct dial);

    *dial = (struct dial){ .events = events, .path = path, .deadline_ms = clock_monotonic_ms() + timeout_s * 1000,
        .reply = -1, .done = done, .context = context };
    wait_for(dial, -1, 0);
    return dial;
}

void dial_stop(struct dial *dial)
{
    if (dial == NULL)
        return;
    event_free(dial->event);
    fd_close(&dial->reply);
    free(dial);
}
