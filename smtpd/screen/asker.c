#include "smtpd/screen/asker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "smtpd/screen/dial.h"
#include "smtpd/screen/dnsblog_messages.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/log/log.h"

enum { ADDRESS_BYTES = 48, KEEP_S = 5 };

struct question {
    struct question *prev;
    struct question *next;
    const char *domain;
    char address[ADDRESS_BYTES];
    int64_t deadline_ms;
    void (*answer)(void *context, const struct asker_answer *answer);
    void *context;
};

/* A connection, or one in the making. */
struct link {
    struct link *prev;
    struct link *next;
    struct asker *asker;
    struct dial *dial;
    struct ipc_channel *channel;
    struct event *event;
    struct question *question; /* NULL: idle */
    bool is_used;              /* has answered before: it may have been closed by the other side meanwhile */
};

struct asker {
    struct event_base *events;
    const char *path;
    int64_t timeout_s;
    size_t links_max;
    size_t link_count;
    struct link *links;
    struct question *waiting;
};

static void give_work(struct asker *asker);

static void finish(struct question *question, const struct asker_answer *answer)
{
    static const struct asker_answer nothing;

    question->answer(question->context, answer == NULL ? &nothing : answer);
    free(question);
}

static void drop(struct link *link)
{
    struct asker *asker = link->asker;

    DL_DELETE(asker->links, link);
    asker->link_count--;
    dial_stop(link->dial);
    if (link->event != NULL)
        event_free(link->event);
    ipc_close(link->channel);
    free(link);
}

/* The connection is of no use. A question on one that was used before is asked again on a new one. */
static void fail(struct link *link, const char *why)
{
    struct asker *asker = link->asker;
    struct question *question = link->question;
    bool again = question != NULL && link->is_used && clock_monotonic_ms() < question->deadline_ms;

    drop(link);
    if (question == NULL)
        return;
    if (again) {
        DL_PREPEND(asker->waiting, question);
    } else {
        if (why != NULL) /* else it was said */
            log_warning("%s: %s", asker->path, why);
        finish(question, NULL);
    }
    give_work(asker);
}

static void wait_for(struct link *link, int64_t milliseconds)
{
    struct timeval limit = { .tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000 };

    if (event_add(link->event, &limit) != 0)
        log_fatal("no event: %m");
}

/* A question is far smaller than a socket's buffer, so it goes out whole or the connection is broken. */
static void send_question(struct link *link)
{
    struct question *question = link->question;
    const struct dnsblog_question message = { .domain = question->domain, .address = question->address };
    int64_t left_ms = question->deadline_ms - clock_monotonic_ms();
    bool more = false;

    dnsblog_question_send(link->channel, &message);
    if (!ipc_drain(link->channel, &more) || more)
        fail(link, "connection lost");
    else
        wait_for(link, left_ms > 0 ? left_ms : 1);
}

/* Takes the next one in line, or waits for one. */
static void take_question(struct link *link)
{
    struct asker *asker = link->asker;

    link->question = asker->waiting;
    if (link->question == NULL) {
        wait_for(link, (int64_t)KEEP_S * 1000);
        return;
    }
    DL_DELETE(asker->waiting, link->question);
    send_question(link);
}

static void take_answer(struct link *link)
{
    struct dnsblog_answer answer;
    struct question *question = link->question;

    if (question == NULL || !dnsblog_answer_decode(link->channel, &answer) || answer.addresses.length % 4 != 0) {
        fail(link, "bad answer");
        return;
    }
    const struct asker_answer result = { .addresses = answer.addresses.data, .count = answer.addresses.length / 4,
        .ttl_s = answer.ttl_s, .known = answer.known };
    link->question = NULL;
    link->is_used = true;
    finish(question, &result);
    take_question(link);
}

static void on_event(evutil_socket_t fd, short what, void *context)
{
    struct link *link = context;
    unsigned type;

    if (what & EV_TIMEOUT) {
        link->is_used = false; /* not again */
        if (link->question != NULL)
            log_warning("dnsblog reply timeout %llds for %s", (long long)link->asker->timeout_s, link->question->domain);
        fail(link, link->question != NULL ? NULL : "no answer in time");
        return;
    }
    bool open = ipc_feed(link->channel);
    if (ipc_next(link->channel, &type)) {
        if (type == dnsblog_answer_type)
            take_answer(link);
        else
            fail(link, "bad answer");
        return;
    }
    if (!open || ipc_failed(link->channel))
        fail(link, ipc_error(link->channel));
    else
        wait_for(link, link->question == NULL ? (int64_t)KEEP_S * 1000 : link->asker->timeout_s * 1000);
}

static void on_dialled(void *context, int fd)
{
    struct link *link = context;

    link->dial = NULL;
    if (fd < 0) {
        link->question = link->asker->waiting; /* somebody has to hear of it */
        if (link->question != NULL)
            DL_DELETE(link->asker->waiting, link->question);
        fail(link, strerror(errno));
        return;
    }
    link->channel = ipc_open(fd);
    link->event = event_new(link->asker->events, fd, EV_READ, on_event, link);
    if (link->event == NULL)
        log_fatal("no event: %m");
    take_question(link);
}

static struct link *idle_link(struct asker *asker)
{
    struct link *link;

    DL_FOREACH(asker->links, link) {
        if (link->channel != NULL && link->question == NULL)
            return link;
    }
    return NULL;
}

static void give_work(struct asker *asker)
{
    struct question *question;
    size_t waiting = 0;
    struct link *link;

    while (asker->waiting != NULL && (link = idle_link(asker)) != NULL)
        take_question(link);
    DL_COUNT(asker->waiting, question, waiting);
    DL_FOREACH(asker->links, link) {
        waiting -= waiting > 0 && link->dial != NULL;
    }
    for (; waiting > 0 && asker->link_count < asker->links_max; waiting--) {
        link = memory_new(struct link);
        link->asker = asker;
        DL_APPEND(asker->links, link);
        asker->link_count++;
        link->dial = dial_start(asker->events, asker->path, asker->timeout_s, on_dialled, link);
    }
}

struct asker *asker_open(struct event_base *events, const char *path, size_t connections_max, int64_t timeout_s)
{
    struct asker *asker = memory_new(struct asker);

    *asker = (struct asker){ .events = events, .path = path, .timeout_s = timeout_s, .links_max = connections_max };
    return asker;
}

void asker_close(struct asker *asker)
{
    struct question *question;
    struct question *next;

    if (asker == NULL)
        return;
    while (asker->links != NULL) {
        free(asker->links->question);
        drop(asker->links);
    }
    DL_FOREACH_SAFE(asker->waiting, question, next) {
        DL_DELETE(asker->waiting, question);
        free(question);
    }
    free(asker);
}

void asker_ask(struct asker *asker, const char *domain, const char *address,
    void (*answer)(void *context, const struct asker_answer *answer), void *context)
{
    struct question *question = memory_new(struct question);
    size_t length = strnlen(address, ADDRESS_BYTES - 1);

    question->domain = domain;
    memcpy(question->address, address, length);
    question->deadline_ms = clock_monotonic_ms() + asker->timeout_s * 1000;
    question->answer = answer;
    question->context = context;
    DL_APPEND(asker->waiting, question);
    give_work(asker);
}
