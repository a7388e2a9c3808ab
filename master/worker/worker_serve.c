/* worker_serve.c: many clients at once, in libevent's loop (worker.h). */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "master/worker/handover.h"
#include "master/worker/worker_inside.h"
#include "util/io/fd.h"
#include "util/log/log.h"

struct event_base *worker_events(struct worker *worker)
{
    if (worker->events == NULL)
        worker->events = event_base_new();
    if (worker->events == NULL)
        log_fatal("no event loop: %m");
    return worker->events;
}

struct serving {
    struct worker *worker;
    int reserve; /* a descriptor for when there are no more */
    worker_on_connect *on_connect;
    void *context;
};

/* A client that can't be served is sent away: one that waits would keep the loop spinning, and itself for long. */
static void turn_away(struct serving *serving, int listener)
{
    fd_close(&serving->reserve);
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    fd_close(&fd);
    serving->reserve = fcntl(HANDOVER_LIFE, F_DUPFD_CLOEXEC, 0);
}

static void on_listener(evutil_socket_t listener, short what, void *context)
{
    struct serving *serving = context;
    int index = (int)listener - HANDOVER_LISTENERS;

    if (worker_is_datagram(serving->worker)) {
        serving->on_connect(serving->context, (int)listener, index);
        return;
    }
    /* All that are waiting, but not for ever: others want to be served, too. */
    for (int i = 0; i < 100; i++) {
        int fd = accept4((int)listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
            log_warning("accept connection: %m: a client is sent away");
            turn_away(serving, (int)listener);
            return;
        }
        if (fd < 0) {
            if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED && errno != EINVAL) /* as in worker_accept.c */
                log_warning("accept connection: %m");
            return;
        }
        serving->on_connect(serving->context, fd, index);
    }
}

static void on_end(evutil_socket_t fd, short what, void *context)
{
    struct serving *serving = context;

    (void)event_base_loopbreak(serving->worker->events);
}

/* Master closed the life pipe: a reload or the end. */
static void on_life(evutil_socket_t fd, short what, void *context)
{
    struct serving *serving = context;
    struct worker *worker = serving->worker;

    if (worker->reload != NULL)
        worker->reload(worker->reload_context);
    (void)event_base_loopbreak(worker->events);
}

void worker_serve_many(struct worker *worker, worker_on_connect *on_connect, void *context)
{
    struct event_base *base = worker_events(worker);
    struct serving serving = { worker, fcntl(HANDOVER_LIFE, F_DUPFD_CLOEXEC, 0), on_connect, context };
    struct event *events[WORKER_LISTENERS_MAX + 2];
    sigset_t term;
    int count = 0;

    for (int i = 0; i < worker->listener_count; i++)
        events[count++] = event_new(base, worker_listener(worker, i), EV_READ | EV_PERSIST, on_listener, &serving);
    events[count++] = event_new(base, HANDOVER_LIFE, EV_READ, on_life, &serving);
    events[count++] = evsignal_new(base, SIGTERM, on_end, &serving);
    for (int i = 0; i < count; i++)
        if (events[i] == NULL || event_add(events[i], NULL) != 0)
            log_fatal("no event loop: %m");
    /* From here on the loop notices SIGTERM; one that was blocked until now is delivered at once. */
    (void)sigemptyset(&term);
    (void)sigaddset(&term, SIGTERM);
    (void)sigprocmask(SIG_UNBLOCK, &term, NULL); /* can't fail with these arguments */
    board_set_idle(worker->board, worker->slot); /* tells master that the worker could start */
    if (event_base_dispatch(base) < 0)
        log_fatal("event loop: %m");
    for (int i = 0; i < count; i++)
        event_free(events[i]);
    fd_close(&serving.reserve);
}

static void on_sigterm(evutil_socket_t fd, short what, void *context)
{
    bool *is_told = context;

    *is_told = true;
}

void worker_leave(struct worker *worker, bool (*has_clients)(void *context), void *context)
{
    static const char word[] = "l";
    bool is_told = false;
    struct event *term = evsignal_new(worker->events, SIGTERM, on_sigterm, &is_told);

    if (term == NULL || event_add(term, NULL) != 0)
        log_fatal("no event loop: %m");
    board_set_leaving(worker->board, worker->slot);
    (void)!write(HANDOVER_NOTIFY, word, 1); /* a full pipe will wake master just as well */
    while (!is_told && has_clients(context) && event_base_loop(worker->events, EVLOOP_ONCE) == 0)
        ;
    event_free(term);
}
