/* postscreen.c: keeps clients that misbehave away from smtpd (postscreen(8)): one process for all connections. */
#include <event2/event.h>

#include "master/worker/worker.h"
#include "smtpd/screen/arrival.h"
#include "smtpd/screen/screen.h"
#include "util/base/clock.h"
#include "util/log/log.h"

enum { LOOK_MS = 1000 };

struct postscreen {
    struct screen screen;
    struct event_base *events;
    int64_t looked_ms; /* at the tables */
    bool is_replaced;
};

/* A process that lives for ever would never see a table that was changed. */
static void look_at_tables(struct postscreen *postscreen)
{
    int64_t now_ms = clock_monotonic_ms();

    if (now_ms < postscreen->looked_ms + LOOK_MS)
        return;
    postscreen->looked_ms = now_ms;
    if (!screen_tables_have_changed(&postscreen->screen))
        return;
    log_info("a table has changed -- finishing in the background");
    postscreen->is_replaced = true;
    (void)event_base_loopbreak(postscreen->events); /* can't fail while it runs */
}

static void on_connect(void *context, int fd, int listener)
{
    struct postscreen *postscreen = context;

    arrival_start(&postscreen->screen, fd);
    look_at_tables(postscreen);
}

static void on_reload(void *context)
{
    struct postscreen *postscreen = context;

    postscreen->is_replaced = true;
}

static bool has_clients(void *context)
{
    const struct postscreen *postscreen = context;

    return postscreen->screen.visitor_count > 0 || postscreen->screen.handover_count > 0;
}

int main(int argc, char **argv)
{
    struct worker *worker = worker_start(argc, argv, "postscreen");
    const struct config *config = worker_config(worker);
    struct postscreen postscreen = { .looked_ms = clock_monotonic_ms() };
    struct screen *screen = &postscreen.screen;
    struct str tlsproxy = {0};
    struct str smtpd = {0};
    struct str dnsblog = {0};

    str_printf(&smtpd, "private/%s", config->smtpd_service_name);
    str_printf(&tlsproxy, "private/%s", config->tlsproxy_service_name);
    str_printf(&dnsblog, "private/%s", config->dnsblog_service_name);
    /* What needs the file system, before it is out of reach. */
    screen_open(screen, config, worker_socket_path(worker, str_text(&smtpd)),
        worker_socket_path(worker, str_text(&dnsblog)));
    screen->tlsproxy_path = worker_socket_path(worker, str_text(&tlsproxy));

    worker_confine(worker, CONFINE_NETWORK);
    postscreen.events = worker_events(worker);
    screen_start(screen, postscreen.events);
    worker_on_reload(worker, on_reload, &postscreen);
    worker_serve_many(worker, on_connect, &postscreen);
    if (postscreen.is_replaced) {
        screen_drop_cache(screen); /* it is the successor's now */
        worker_leave(worker, has_clients, &postscreen);
    }
    screen_close(screen);
    str_free(&smtpd);
    str_free(&dnsblog);
    str_free(&tlsproxy);
    return worker_stop(worker);
}
