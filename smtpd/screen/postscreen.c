/* postscreen.c: keeps clients that misbehave away from smtpd (postscreen(8)): one process for all connections. */
#include <event2/event.h>
#include <signal.h>

#include "master/worker/worker.h"
#include "smtpd/screen/screen.h"
#include "smtpd/screen/visitor.h"
#include "util/log/log.h"

static void on_connect(void *context, int fd, int listener)
{
    visitor_arrive(context, fd);
}

static void on_reload(void *context)
{
    bool *is_replaced = context;

    *is_replaced = true;
}

static void on_sigterm(evutil_socket_t fd, short what, void *context)
{
    bool *is_told = context;

    *is_told = true;
}

/* A successor takes new connections and the cache; those that are here are served to their end. */
static void serve_the_rest(struct worker *worker, struct screen *screen)
{
    bool is_told = false;
    struct event *term = evsignal_new(screen->events, SIGTERM, on_sigterm, &is_told);

    if (term == NULL || event_add(term, NULL) != 0)
        log_fatal("no event: %m");
    cache_close(screen->cache);
    screen->cache = NULL;
    worker_leave(worker);
    while (!is_told && (screen->visitor_count > 0 || screen->handover_count > 0)) {
        if (event_base_loop(screen->events, EVLOOP_ONCE) != 0)
            break;
    }
    event_free(term);
}

int main(int argc, char **argv)
{
    struct worker *worker = worker_start(argc, argv, "postscreen");
    const struct config *config = worker_config(worker);
    struct screen screen;
    bool is_replaced = false;
    struct str smtpd = {0};
    struct str dnsblog = {0};

    str_printf(&smtpd, "private/%s", config->smtpd_service_name);
    str_printf(&dnsblog, "private/%s", config->dnsblog_service_name);
    /* What needs the file system, before it is out of reach. */
    screen_open(&screen, config, worker_socket_path(worker, str_text(&smtpd)),
        worker_socket_path(worker, str_text(&dnsblog)));

    worker_confine(worker, CONFINE_NETWORK);
    screen_start(&screen, worker_events(worker));
    worker_on_reload(worker, on_reload, &is_replaced);
    worker_serve_many(worker, on_connect, &screen);
    if (is_replaced)
        serve_the_rest(worker, &screen);
    screen_close(&screen);
    str_free(&smtpd);
    str_free(&dnsblog);
    return worker_stop(worker);
}
