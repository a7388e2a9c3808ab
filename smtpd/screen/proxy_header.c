#include "smtpd/screen/proxy_header.h"

#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/log/log.h"
#include "util/net/haproxy.h"

struct waiting {
    struct visitor *visitor;
    void (*good)(struct visitor *visitor);
    void (*bad)(struct visitor *visitor);
};

static bool take_header(struct visitor *visitor)
{
    struct haproxy_families families = haproxy_families_of(visitor->screen->config->inet_protocols);
    struct haproxy_header header;
    struct str why = {0};

    bool is_good = haproxy_take(visitor->fd, families, &header, &why);
    if (!is_good)
        log_warning("haproxy read: %s", str_text(&why));
    str_free(&why);
    if (is_good && !header.is_local) {
        memset(&visitor->peer, 0, sizeof(visitor->peer)); /* it is compared as a whole */
        memset(&visitor->local, 0, sizeof(visitor->local));
        visitor->peer.address = header.client;
        visitor->peer.port = header.client_port;
        visitor->local.address = header.server;
        visitor->local.port = header.server_port;
    }
    return is_good;
}

static void on_event(evutil_socket_t fd, short what, void *context)
{
    static const char refusal[] = "421 4.3.2 No system resources\r\n";
    struct waiting *waiting = context;
    struct visitor *visitor = waiting->visitor;
    void (*next)(struct visitor *visitor) = waiting->bad;

    if (what & EV_TIMEOUT)
        log_warning("haproxy read: time limit exceeded");
    else if (take_header(visitor))
        next = waiting->good;
    if (next == waiting->bad)
        (void)visitor_send(visitor, refusal, strlen(refusal)); /* it may be gone */
    free(waiting);
    event_free(visitor->io);
    visitor->io = NULL;
    next(visitor);
}

void proxy_header_start(struct visitor *visitor, void (*good)(struct visitor *visitor), void (*bad)(struct visitor *visitor))
{
    struct waiting *waiting = memory_new(struct waiting);
    struct timeval limit = { .tv_sec = visitor->screen->config->postscreen_upstream_proxy_timeout };

    *waiting = (struct waiting){ visitor, good, bad };
    visitor->io = event_new(visitor->screen->events, visitor->fd, EV_READ, on_event, waiting);
    if (visitor->io == NULL || event_add(visitor->io, &limit) != 0)
        log_fatal("no event: %m");
}
