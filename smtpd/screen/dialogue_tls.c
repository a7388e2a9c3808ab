#include "smtpd/screen/dialogue_tls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "smtpd/screen/dial.h"
#include "smtpd/screen/tlsproxy_request.h"
#include "util/base/memory.h"
#include "util/io/fd.h"
#include "util/log/log.h"

enum { ANSWER_S = 10 };

struct dialogue_tls {
    struct dial *dial;   /* NULL: the connection is there */
    int fd;              /* to tlsproxy */
    struct event *event; /* its answer */
};

void dialogue_tls_stop(struct dialogue_tls *tls)
{
    if (tls == NULL)
        return;
    dial_stop(tls->dial);
    if (tls->event != NULL)
        event_free(tls->event);
    fd_close(&tls->fd);
    free(tls);
}

static void finish(struct dialogue *dialogue)
{
    dialogue_tls_stop(dialogue->tls);
    dialogue->tls = NULL;
}

static void refuse(struct dialogue *dialogue)
{
    struct visitor *visitor = dialogue->visitor;

    finish(dialogue);
    if (visitor_reply(visitor, VERDICT(454, "4.7.0", "TLS not available due to local problem")))
        dialogue->go_on(dialogue);
    else
        visitor_hang_up(visitor);
}

/* Nothing that was said in plain text counts any more (RFC 3207 section 4.2). */
static void forget(struct dialogue *dialogue)
{
    str_free(&dialogue->input);
    dialogue->taken = 0;
    dialogue->has_greeted = dialogue->extended = dialogue->has_sender = false;
    str_clear(&dialogue->helo);
    str_clear(&dialogue->sender);
}

static void hand_over(struct dialogue *dialogue)
{
    struct visitor *visitor = dialogue->visitor;
    int fd = dialogue->tls->fd;
    const char byte = TLSPROXY_READY;

    dialogue->tls->fd = -1;
    finish(dialogue);
    forget(dialogue);
    if (!visitor_reply(visitor, VERDICT(220, "2.0.0", "Ready to start TLS"))
        || fd_send(fd, &byte, sizeof(byte), visitor->fd, 0) != (ssize_t)sizeof(byte)) {
        fd_close(&fd);
        visitor_hang_up(visitor);
        return;
    }
    fd_close(&visitor->fd); /* tlsproxy has it; what it decrypts comes by its own connection */
    visitor->fd = fd;
    dialogue->is_encrypted = true;
    dialogue->go_on(dialogue);
}

static void on_answer(evutil_socket_t fd, short what, void *context)
{
    struct dialogue *dialogue = context;
    char status = TLSPROXY_UNABLE;

    if ((what & EV_TIMEOUT) || recv(fd, &status, sizeof(status), 0) != (ssize_t)sizeof(status) || status != TLSPROXY_READY) {
        log_warning("problem receiving status from private/%s service",
            dialogue->visitor->screen->config->tlsproxy_service_name);
        refuse(dialogue);
    } else {
        hand_over(dialogue);
    }
}

static void on_dialled(void *context, int fd)
{
    struct dialogue *dialogue = context;
    struct dialogue_tls *tls = dialogue->tls;
    struct visitor *visitor = dialogue->visitor;
    struct tlsproxy_request request = {0};
    struct timeval limit = { .tv_sec = ANSWER_S };

    tls->dial = NULL;
    tls->fd = fd;
    memcpy(request.name, visitor->name, sizeof(visitor->name));
    if (fd < 0 || send(fd, &request, sizeof(request), MSG_NOSIGNAL) != (ssize_t)sizeof(request)) {
        log_warning("connect to private/%s service: %m", visitor->screen->config->tlsproxy_service_name);
        refuse(dialogue);
        return;
    }
    tls->event = event_new(visitor->screen->events, fd, EV_READ, on_answer, dialogue);
    if (tls->event == NULL || event_add(tls->event, &limit) != 0)
        log_fatal("no event: %m");
}

static void pause_reading(struct dialogue *dialogue)
{
    event_free(dialogue->visitor->io);
    dialogue->visitor->io = NULL;
    dialogue->is_paused = true;
}

void dialogue_tls_start(struct dialogue *dialogue)
{
    struct screen *screen = dialogue->visitor->screen;

    pause_reading(dialogue);
    dialogue->tls = memory_new(struct dialogue_tls);
    *dialogue->tls = (struct dialogue_tls){ .fd = -1 };
    dialogue->tls->dial = dial_start(screen->events, screen->tlsproxy_path, ANSWER_S, on_dialled, dialogue);
}
