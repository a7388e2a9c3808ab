#include "smtpd/screen/handover.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "smtpd/screen/dial.h"
#include "util/base/memory.h"
#include "util/io/fd.h"
#include "util/log/log.h"

enum { DIAL_S = 10, TAKE_S = 100 };

struct handover {
    struct screen *screen;
    int client;
    int service;
    struct pass_end peer;
    struct pass_end local;
    struct event *event;
};

static void finish(struct handover *handover)
{
    handover->screen->handover_count--;
    if (handover->event != NULL)
        event_free(handover->event);
    fd_close(&handover->client);
    fd_close(&handover->service);
    free(handover);
}

/* The worker closes our connection once it has the client's. */
static void on_taken(evutil_socket_t fd, short what, void *context)
{
    struct handover *handover = context;

    if (what & EV_TIMEOUT)
        log_warning("timeout waiting for service %s", handover->screen->smtpd_path);
    finish(handover);
}

static void give_up(struct handover *handover, const char *what)
{
    static const char reply[] = "421 4.3.2 No system resources\r\n";

    log_warning("%s service %s: %m", what, handover->screen->smtpd_path);
    (void)send(handover->client, reply, sizeof(reply) - 1, MSG_DONTWAIT | MSG_NOSIGNAL); /* it may be gone */
    finish(handover);
}

static void on_dialled(void *context, int fd)
{
    struct handover *handover = context;
    struct timeval limit = { .tv_sec = TAKE_S };

    handover->service = fd;
    if (fd < 0) {
        give_up(handover, "connect to");
        return;
    }
    fd_set_nonblocking(handover->client, false); /* as if smtpd had accepted it itself */
    if (!pass_send(fd, handover->client, &handover->peer, &handover->local)) {
        give_up(handover, "pass connection to");
        return;
    }
    fd_close(&handover->client); /* it is in the service's hands now */
    handover->event = event_new(handover->screen->events, fd, EV_READ, on_taken, handover);
    if (handover->event == NULL || event_add(handover->event, &limit) != 0)
        log_fatal("no event: %m");
}

void handover_start(struct screen *screen, int fd, const struct pass_end *peer, const struct pass_end *local)
{
    struct handover *handover = memory_new(struct handover);

    *handover = (struct handover){ .screen = screen, .client = fd, .service = -1, .peer = *peer, .local = *local };
    screen->handover_count++;
    (void)dial_start(screen->events, screen->smtpd_path, DIAL_S, on_dialled, handover); /* ends by calling on_dialled */
}
