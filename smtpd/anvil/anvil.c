/* anvil.c: counts clients for all SMTP servers (anvil(8)). Nobody's word is trusted beyond its own connection:
 * when that ends, what it had open counts no longer. */
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "master/worker/worker.h"
#include "smtpd/anvil/quota.h"
#include "smtpd/anvil/quota_file.h"
#include "smtpd/anvil/tally.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/io/fd.h"
#include "util/ipc/ipc.h"

enum { SAVE_INTERVAL_S = 5, NAME_BYTES_MAX = 1024 };

struct anvil {
    struct worker *worker;
    struct tally *tally;
    struct quota *quota;
    int quota_file;
};

/* An SMTP server process. It serves one client at a time. */
struct server {
    struct anvil *anvil;
    struct ipc_channel *channel;
    struct event *readable;
    struct tally_client *open; /* the client that it has now, or NULL */
};

static void server_free(struct server *server)
{
    if (server->open != NULL)
        tally_disconnect(server->anvil->tally, server->open);
    event_free(server->readable);
    ipc_close(server->channel);
    free(server);
}

/* False: nonsense. */
static bool obey(struct server *server, const struct anvil_event *event)
{
    struct tally *tally = server->anvil->tally;
    struct anvil_counts counts;

    if (event->kind == ANVIL_DISCONNECT) {
        if (server->open == NULL)
            return false;
        tally_disconnect(tally, server->open);
        server->open = NULL;
        return true;
    }
    if (event->kind >= ANVIL_KINDS || (event->kind == ANVIL_CONNECT && server->open != NULL)
        || strlen(event->service) + strlen(event->client) > NAME_BYTES_MAX)
        return false;
    struct tally_client *client =
        tally_count(tally, event->kind, event->service, event->client, clock_monotonic_ms(), &counts);
    if (event->kind == ANVIL_CONNECT)
        server->open = client;
    anvil_counts_send(server->channel, &counts);
    return true;
}

/* False: nonsense. */
static bool add_amount(struct server *server)
{
    struct anvil_amount amount;

    if (!anvil_amount_decode(server->channel, &amount))
        return false;
    uint32_t sum = quota_add(server->anvil->quota, amount.name, amount.amount, amount.window_s, clock_monotonic_ms());
    const struct anvil_counts counts = { .rate = sum };
    anvil_counts_send(server->channel, &counts);
    return true;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct server *server = context;
    struct anvil_event event;
    unsigned type;
    bool more = false;
    bool good = ipc_feed(server->channel);

    while (ipc_next(server->channel, &type)) {
        if (type == anvil_amount_type && add_amount(server))
            continue;
        if (type != anvil_event_type || !anvil_event_decode(server->channel, &event) || !obey(server, &event)) {
            good = false;
            break;
        }
    }
    /* A server waits for each answer, so there always is room for it. */
    if (!good || ipc_failed(server->channel) || !ipc_drain(server->channel, &more) || more)
        server_free(server);
}

static void on_connect(void *context, int fd, int listener_index)
{
    struct anvil *anvil = context;
    struct server *server = memory_new(struct server);

    fd_set_nonblocking(fd, true);
    server->anvil = anvil;
    server->channel = ipc_open(fd);
    server->readable = event_new(worker_events(anvil->worker), fd, EV_READ | EV_PERSIST, on_readable, server);
    if (server->readable == NULL || event_add(server->readable, NULL) != 0)
        memory_exhausted();
}

static void on_status_time(evutil_socket_t fd, short what, void *context)
{
    struct anvil *anvil = context;

    tally_log(anvil->tally);
}

static void on_sweep_time(evutil_socket_t fd, short what, void *context)
{
    struct anvil *anvil = context;

    tally_sweep(anvil->tally, clock_monotonic_ms());
    quota_sweep(anvil->quota, clock_monotonic_ms());
}

static void on_save_time(evutil_socket_t fd, short what, void *context)
{
    struct anvil *anvil = context;

    quota_file_save(anvil->quota_file, anvil->quota);
}

static void every(struct anvil *anvil, int64_t seconds, event_callback_fn callback)
{
    struct timeval interval = { .tv_sec = (time_t)seconds };
    struct event *timer = event_new(worker_events(anvil->worker), -1, EV_PERSIST, callback, anvil);

    if (timer == NULL || event_add(timer, &interval) != 0)
        memory_exhausted();
}

int main(int argc, char **argv)
{
    struct worker *worker = worker_start(argc, argv, "anvil");
    const struct config *config = worker_config(worker);
    struct anvil anvil = { .worker = worker, .tally = tally_new(config->anvil_rate_time_unit), .quota = quota_new(),
        .quota_file = quota_file_open(config) };

    quota_file_load(anvil.quota_file, anvil.quota);
    worker_confine(worker, CONFINE_NOTHING_MORE);
    every(&anvil, config->anvil_status_update_time, on_status_time);
    every(&anvil, config->anvil_rate_time_unit, on_sweep_time);
    every(&anvil, SAVE_INTERVAL_S, on_save_time);
    worker_serve_many(worker, on_connect, &anvil);
    tally_log(anvil.tally);
    quota_file_save(anvil.quota_file, anvil.quota);
    return worker_stop(worker);
}
