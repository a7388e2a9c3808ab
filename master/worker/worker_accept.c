/* worker_accept.c: one client at a time (worker.h). Costs two system calls per client: the wait and the accept. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "master/worker/handover.h"
#include "master/worker/pass.h"
#include "master/worker/worker_inside.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"

/* How long a worker that is handed connections (type pass) waits for the descriptor on each. */
enum { PASS_TIMEOUT_S = 1 };

/* For the first time, this tells master that the worker could start. */
static void become_idle(struct worker *worker)
{
    if (worker->is_busy || worker->served == 0)
        board_set_idle(worker->board, worker->slot);
    worker->is_busy = false;
}

static void become_busy(struct worker *worker)
{
    static const char word[] = "b";

    worker->is_busy = true;
    if (board_set_busy(worker->board, worker->slot))
        (void)!write(HANDOVER_NOTIFY, word, 1); /* a full pipe will wake master just as well */
}

static bool accept_from(struct worker *worker, int listener)
{
    struct client *client = &worker->client;

    client->peer_length = sizeof(client->peer);
    client->fd = accept4(listener, (struct sockaddr *)&client->peer, &client->peer_length, SOCK_CLOEXEC);
    if (client->fd < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED && errno != EPROTO
            && errno != EINVAL) /* EINVAL: master has closed it, and tells so next */
            log_warning("accept connection: %m");
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            (void)sleep(1); /* the client still waits: no use in asking again at once */
        return false;
    }
    client->local_length = 0;
    become_busy(worker);
    if (text_equal(worker->type, "pass"))
        pass_receive(client, PASS_TIMEOUT_S);
    return client->fd >= 0;
}

static struct listener_wait *wait_of(struct worker *worker)
{
    int listeners[WORKER_LISTENERS_MAX];

    if (worker->wait == NULL) {
        for (int i = 0; i < worker->listener_count; i++)
            listeners[i] = worker_listener(worker, i);
        worker->wait = listener_wait_new(listeners, worker->listener_count, HANDOVER_LIFE);
    }
    return worker->wait;
}

struct client *worker_accept(struct worker *worker)
{
    const struct config *config = worker->config;

    client_close(&worker->client);
    if (config->max_use > 0 && worker->served >= config->max_use)
        return NULL;
    if (worker->generation != board_generation(worker->board))
        return NULL;
    become_idle(worker);
    for (;;) {
        if (worker_is_told_to_stop())
            return NULL;
        int ready = listener_wait_next(wait_of(worker), (int)config->max_idle * 1000, &worker->wait_mask);
        if (ready == LISTENER_WAIT_SIGNAL)
            continue;
        if (ready == LISTENER_WAIT_TIMEOUT || ready == LISTENER_WAIT_OTHER)
            return NULL;
        if (accept_from(worker, worker_listener(worker, ready))) {
            worker->served++;
            return &worker->client;
        }
        become_idle(worker);
    }
}

bool worker_wait_for_client(struct worker *worker, int fd, int timeout_ms)
{
    struct pollfd fds[WORKER_LISTENERS_MAX + 1] = { { .fd = fd, .events = POLLIN } };

    for (int i = 0; i < worker->listener_count; i++)
        fds[i + 1] = (struct pollfd){ .fd = worker_listener(worker, i), .events = POLLIN };
    return poll(fds, (nfds_t)worker->listener_count + 1, timeout_ms) > 0 && fds[0].revents != 0;
}

void worker_has_not_started(struct worker *worker)
{
    if (worker->board != NULL)
        board_slot_open(worker->board, worker->slot);
}

void client_close(struct client *client)
{
    fd_close(&client->fd);
}
