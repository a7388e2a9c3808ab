#include "qmgr/active/agent_pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "master/worker/worker.h"
#include "qmgr/active/limits.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"

enum { BUSY_SOCKET_RETRY_MS = 50, RIDERS_MAX = 31 };

/* One connection to one agent. */
struct link {
    struct group *group;
    struct ipc_channel *channel;
    struct event *readable;
    struct event *writable;
    struct delivery *delivery; /* what it works on, and behind it what it has for afterwards; NULL: idle */
    bool untouched;            /* nothing came back yet for the first of them */
    size_t orders;             /* that it has had */
    char *affinity;            /* of the connection that the idle agent holds; NULL: none */
    struct link *prev;
    struct link *next;
};

/* All connections of one transport. */
struct group {
    struct agent_pool *pool;
    struct schedule_transport *transport;
    char *path;
    int64_t limit;       /* 0: none */
    size_t count;
    struct link *idle;   /* the longest idle last */
    struct link *busy;
    struct event *pump;  /* runs pump_group soon, or when a delay is over */
    struct group *next;
};

struct agent_pool {
    struct manager *manager;
    const struct agent_pool_handlers *handlers;
    struct group *groups;
};

struct agent_pool *agent_pool_new(struct manager *manager, const struct agent_pool_handlers *handlers)
{
    struct agent_pool *pool = memory_new(struct agent_pool);

    pool->manager = manager;
    pool->handlers = handlers;
    return pool;
}

static void free_link(struct link *link)
{
    struct group *group = link->group;

    if (link->delivery == NULL)
        DL_DELETE(group->idle, link);
    else
        DL_DELETE(group->busy, link);
    group->count--;
    event_free(link->readable);
    event_free(link->writable);
    ipc_close(link->channel);
    free(link->affinity);
    free(link);
}

/* --- groups --- */

static void pump_soon(struct group *group, int64_t in_ms)
{
    struct timeval delay = { .tv_sec = in_ms / 1000, .tv_usec = in_ms % 1000 * 1000 };

    if (in_ms == 0)
        event_active(group->pump, 0, 0);
    else
        (void)event_add(group->pump, &delay); /* timers always can be added */
}

static void on_pump(evutil_socket_t fd, short what, void *context);

static struct group *need_group(struct agent_pool *pool, struct schedule_transport *transport)
{
    struct group *group = schedule_transport_data(transport);
    const char *name = schedule_transport_name(transport);
    struct str path = {0};

    if (group != NULL)
        return group;
    group = memory_new(struct group);
    str_printf(&path, "private/%s", name);
    group->pool = pool;
    group->transport = transport;
    group->path = memory_copy_text(worker_socket_path(pool->manager->worker, str_text(&path)));
    group->limit = limits_processes(pool->manager, name);
    group->pump = event_new(pool->manager->events, -1, 0, on_pump, group);
    if (group->pump == NULL)
        memory_exhausted();
    LL_PREPEND(pool->groups, group);
    schedule_transport_set_data(transport, group);
    str_free(&path);
    return group;
}

void agent_pool_pump(struct agent_pool *pool, struct schedule_transport *transport)
{
    pump_soon(need_group(pool, transport), 0);
}

void agent_pool_drain(struct agent_pool *pool)
{
    for (struct group *group = pool->groups; group != NULL; group = group->next) {
        while (group->idle != NULL)
            free_link(group->idle);
    }
}

bool agent_pool_is_busy(const struct agent_pool *pool)
{
    for (struct group *group = pool->groups; group != NULL; group = group->next) {
        if (group->busy != NULL)
            return true;
    }
    return false;
}

/* --- what comes back --- */

/* The agent is ready for its next order. */
static void make_idle(struct link *link, const char *affinity)
{
    struct group *group = link->group;

    DL_DELETE(group->busy, link);
    free(link->affinity);
    link->affinity = *affinity == '\0' ? NULL : memory_copy_text(affinity);
    DL_PREPEND(group->idle, link);
    pump_soon(group, 0);
}

/* An agent may end just when an order is on its way to it; that order goes to another one, once. */
static void drop_link(struct link *link, const char *error)
{
    struct group *group = link->group;
    const struct agent_pool_handlers *handlers = group->pool->handlers;
    struct delivery *delivery = link->delivery;
    bool raced = link->untouched && link->orders > 1;
    char kept[64];

    (void)snprintf(kept, sizeof(kept), "%s", error); /* it may be the channel's own text; a cut one will do */
    free_link(link);
    while (delivery != NULL) {
        struct delivery *behind = delivery->behind; /* the message may be gone after this one */
        delivery->message->running--;
        if (raced && !delivery->repeated) {
            delivery->repeated = true;
            schedule_requeue(&delivery->entry);
        } else {
            handlers->agent_lost(delivery, kept);
        }
        raced = true; /* it never came to the others */
        delivery = behind;
    }
    pump_soon(group, 0);
}

/* False: the link is gone. */
static bool take_verdict(struct link *link)
{
    struct agent_verdict verdict;

    if (!agent_verdict_decode(link->channel, &verdict)) {
        drop_link(link, "malformed response");
        return false;
    }
    link->untouched = false;
    if (delivery_take_verdict(link->delivery, &verdict))
        return true;
    drop_link(link, "malformed response");
    return false;
}

static bool take_part(struct link *link)
{
    struct agent_part part;

    link->untouched = false;
    if (agent_part_decode(link->channel, &part) && delivery_take_part(link->delivery, &part))
        return true;
    drop_link(link, "malformed response");
    return false;
}

static bool take_notice(struct link *link)
{
    struct agent_notice notice;

    if (agent_notice_decode(link->channel, &notice) && !delivery_is_notice(link->delivery)) {
        link->group->pool->handlers->notice(link->delivery, &notice);
        return true;
    }
    drop_link(link, "malformed response");
    return false;
}

static bool take_finished(struct link *link)
{
    struct agent_finished finished;
    struct delivery *delivery = link->delivery;

    if (!agent_finished_decode(link->channel, &finished)) {
        drop_link(link, "malformed response");
        return false;
    }
    link->delivery = delivery->behind;
    link->untouched = true;
    delivery->message->running--;
    if (link->delivery == NULL)
        make_idle(link, finished.affinity);
    schedule_let_ride(&delivery->entry, finished.riders < RIDERS_MAX ? finished.riders : RIDERS_MAX);
    link->group->pool->handlers->finished(delivery, &finished); /* texts of the message are still valid */
    return true;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct link *link = context;
    unsigned type;

    bool open = ipc_feed(link->channel);
    while (ipc_next(link->channel, &type)) { /* no more than one feed's worth */
        bool good = link->delivery == NULL ? (drop_link(link, "malformed response"), false)
            : type == agent_verdict_type   ? take_verdict(link)
            : type == agent_part_type      ? take_part(link)
            : type == agent_notice_type    ? take_notice(link)
            : type == agent_finished_type  ? take_finished(link)
                                           : (drop_link(link, "malformed response"), false);
        if (!good)
            return;
    }
    if (ipc_failed(link->channel))
        drop_link(link, open ? "malformed response" : ipc_error(link->channel));
}

static void flush_link(struct link *link)
{
    bool more;

    if (!ipc_drain(link->channel, &more))
        return; /* what it still had to say may be there to read; then comes the end */
    if (more)
        (void)event_add(link->writable, NULL); /* an event on an open socket always can be added */
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    flush_link(context);
}

/* --- starting --- */

static struct link *open_link(struct group *group)
{
    int fd = -1;

    errno = ENOENT; /* a filter's name may come from a process that talks to strangers: it names nothing outside of private/ */
    if (strchr(schedule_transport_name(group->transport), '/') == NULL)
        fd = fd_connect_unix_now(group->path);
    if (fd < 0)
        return NULL;
    struct link *link = memory_new(struct link);
    link->group = group;
    link->channel = ipc_open(fd);
    link->readable = event_new(group->pool->manager->events, fd, EV_READ | EV_PERSIST, on_readable, link);
    link->writable = event_new(group->pool->manager->events, fd, EV_WRITE, on_writable, link);
    if (link->readable == NULL || link->writable == NULL || event_add(link->readable, NULL) != 0)
        memory_exhausted();
    DL_APPEND(group->idle, link);
    group->count++;
    return link;
}

static bool may_open(const struct group *group)
{
    return group->limit == 0 || (int64_t)group->count < group->limit;
}

/* The best agent: one that holds the right connection, one that holds none, a new one, and last the one that was
 * idle longest. Of equals the one that worked last: its memory is still in the processor's caches, its connection fresh. */
static struct link *choose_link(struct group *group, const char *affinity)
{
    struct link *link;
    struct link *unbound = NULL;

    DL_FOREACH(group->idle, link) {
        if (link->affinity == NULL)
            unbound = unbound == NULL ? link : unbound;
        else if (text_equal(link->affinity, affinity))
            return link;
    }
    if (unbound != NULL)
        return unbound;
    return may_open(group) ? open_link(group) : group->idle->prev;
}

/* It is the successor's. */
static void forget_entry(struct schedule_entry *entry)
{
    struct schedule_destination *dead;

    (void)schedule_finish(entry, NULL, clock_monotonic_ms(), &dead); /* nothing dies of success */
}

/* False: the message can't be opened; that was seen to. */
static bool give_order(struct link *link, struct delivery *delivery)
{
    delivery->behind = NULL;
    if (!delivery_send_order(delivery, link->channel)) {
        link->group->pool->handlers->file_lost(delivery, errno);
        return false;
    }
    link->orders++;
    delivery->message->running++;
    log_debug("%s: order to %s (%s, %zu recipients, next hop \"%s\")", delivery->message->id,
        schedule_transport_name(link->group->transport), delivery->kind, delivery->count, delivery->next_hop);
    return true;
}

static void give_orders(struct link *link, struct delivery *delivery)
{
    struct group *group = link->group;
    struct schedule_entry *entry;

    if (!give_order(link, delivery))
        return;
    DL_DELETE(group->idle, link);
    DL_APPEND(group->busy, link);
    link->delivery = delivery;
    link->untouched = true;
    for (unsigned i = schedule_riders(&delivery->entry);
         i > 0 && (entry = schedule_next_along(&link->delivery->entry)) != NULL; i--) {
        struct delivery *rider = entry->owner;
        if (rider->message->released) {
            forget_entry(entry);
        } else if (give_order(link, rider)) {
            delivery->behind = entry->owner;
            delivery = entry->owner;
        }
    }
    flush_link(link);
}

static void pump_group(struct group *group)
{
    struct schedule_entry *entry;

    if (group->pool->manager->draining && !group->pool->manager->leaving) {
        agent_pool_drain(group->pool);
        return;
    }
    while ((group->idle != NULL || may_open(group))
        && (entry = schedule_next(group->transport, clock_monotonic_ms())) != NULL) {
        struct delivery *delivery = entry->owner;
        if (delivery->message->released) {
            forget_entry(entry);
            continue;
        }
        struct link *link = choose_link(group, delivery->affinity);
        if (link != NULL) {
            give_orders(link, delivery);
        } else if (errno == EAGAIN || errno == EMFILE || errno == ENFILE) {
            schedule_requeue(entry); /* many at once: try again in a moment */
            pump_soon(group, BUSY_SOCKET_RETRY_MS);
            return;
        } else {
            group->pool->handlers->transport_lost(delivery, strerror(errno));
        }
    }
    if (group->pool->manager->leaving)
        agent_pool_drain(group->pool);
    int64_t now_ms = clock_monotonic_ms();
    int64_t wake_ms = schedule_wake_ms(group->transport, now_ms);
    if (wake_ms != INT64_MAX)
        pump_soon(group, wake_ms > now_ms ? wake_ms - now_ms : 1);
}

static void on_pump(evutil_socket_t fd, short what, void *context)
{
    pump_group(context);
}
