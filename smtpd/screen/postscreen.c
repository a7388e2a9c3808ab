/* postscreen.c: keeps clients that misbehave away from smtpd (postscreen(8)): one process for all connections. */
#include <event2/event.h>

#include "master/worker/worker.h"
#include "smtpd/screen/arrival.h"
#include "smtpd/screen/screen.h"

static void on_connect(void *context, int fd, int listener)
{
    arrival_start(context, fd);
}

static void on_reload(void *context)
{
    bool *is_replaced = context;

    *is_replaced = true;
}

static bool has_clients(void *context)
{
    const struct screen *screen = context;

    return screen->visitor_count > 0 || screen->handover_count > 0;
}

int main(int argc, char **argv)
{
    struct worker *worker = worker_start(argc, argv, "postscreen");
    const struct config *config = worker_config(worker);
    struct screen screen;
    struct str tlsproxy = {0};
    bool is_replaced = false;
    struct str smtpd = {0};
    struct str dnsblog = {0};

    str_printf(&smtpd, "private/%s", config->smtpd_service_name);
    str_printf(&tlsproxy, "private/%s", config->tlsproxy_service_name);
    str_printf(&dnsblog, "private/%s", config->dnsblog_service_name);
    /* What needs the file system, before it is out of reach. */
    screen_open(&screen, config, worker_socket_path(worker, str_text(&smtpd)),
        worker_socket_path(worker, str_text(&dnsblog)));
    screen.tlsproxy_path = worker_socket_path(worker, str_text(&tlsproxy));

    worker_confine(worker, CONFINE_NETWORK);
    screen_start(&screen, worker_events(worker));
    worker_on_reload(worker, on_reload, &is_replaced);
    worker_serve_many(worker, on_connect, &screen);
    if (is_replaced) {
        screen_drop_cache(&screen); /* it is the successor's now */
        worker_leave(worker, has_clients, &screen);
    }
    screen_close(&screen);
    str_free(&smtpd);
    str_free(&dnsblog);
    str_free(&tlsproxy);
    return worker_stop(worker);
}
