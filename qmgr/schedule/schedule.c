#include "qmgr/schedule/schedule.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "qmgr/schedule/schedule_inside.h"
#include "util/base/memory.h"

/* --- making and freeing --- */

static void reason_clear(struct schedule_reason *reason)
{
    free((char *)(uintptr_t)reason->status);
    free((char *)(uintptr_t)reason->why);
    *reason = (struct schedule_reason){0};
}

void schedule_reason_set(struct schedule_reason *reason, const struct schedule_reason *from)
{
    reason_clear(reason);
    reason->status = memory_copy_text(from->status);
    reason->why = memory_copy_text(from->why);
}

struct schedule *schedule_new(schedule_read_limits *read_limits, void *context)
{
    struct schedule *schedule = memory_new(struct schedule);

    schedule->read_limits = read_limits;
    schedule->context = context;
    return schedule;
}

void schedule_observe(struct schedule *schedule, schedule_observer *observer)
{
    schedule->observer = observer;
}

struct schedule_transport *schedule_transport(struct schedule *schedule, const char *name)
{
    struct schedule_transport *transport;

    HASH_FIND_STR(schedule->transports, name, transport);
    if (transport != NULL)
        return transport;
    transport = memory_new(struct schedule_transport);
    transport->schedule = schedule;
    transport->name = memory_copy_text(name);
    schedule->read_limits(schedule->context, name, &transport->limits);
    HASH_ADD_KEYPTR(hh, schedule->transports, transport->name, strlen(transport->name), transport);
    return transport;
}

struct schedule_destination *schedule_find_destination(struct schedule_transport *transport, const char *name)
{
    struct schedule_destination *destination;

    HASH_FIND_STR(transport->destinations, name, destination);
    return destination;
}

static struct schedule_destination *need_destination(struct schedule_transport *transport, const char *name)
{
    struct schedule_destination *destination = schedule_find_destination(transport, name);

    if (destination != NULL)
        return destination;
    destination = memory_new(struct schedule_destination);
    destination->transport = transport;
    destination->name = memory_copy_text(name);
    feedback_start(&destination->feedback, &transport->limits.feedback);
    HASH_ADD_KEYPTR(hh, transport->destinations, destination->name, strlen(destination->name), destination);
    return destination;
}

static void free_destination(struct schedule_destination *destination)
{
    HASH_DEL(destination->transport->destinations, destination);
    reason_clear(&destination->reason);
    free(destination->name);
    free(destination);
}

void schedule_drop_if_idle(struct schedule_destination *destination, int64_t now_ms)
{
    if (destination->peers == NULL && destination->busy == 0 && destination->dead_until_ms <= now_ms
        && destination->delayed_until_ms <= now_ms)
        free_destination(destination);
}

static void free_job(struct schedule_job *job)
{
    if (job->in_ring)
        DL_DELETE(job->transport->ring, job);
    if (job->transport->latest == job)
        job->transport->latest = NULL;
    free(job);
}

void schedule_unlink_runnable(struct schedule_peer *peer)
{
    struct schedule_job *job = peer->job;

    DL_DELETE(job->runnable, peer);
    peer->runnable = false;
    if (job->runnable == NULL && job->in_ring) {
        DL_DELETE(job->transport->ring, job);
        job->in_ring = false;
    }
}

static void make_runnable(struct schedule_peer *peer, bool first)
{
    struct schedule_job *job = peer->job;

    if (first)
        DL_PREPEND(job->runnable, peer);
    else
        DL_APPEND(job->runnable, peer);
    peer->runnable = true;
    if (job->in_ring)
        return;
    if (first)
        DL_PREPEND(job->transport->ring, job);
    else
        DL_APPEND(job->transport->ring, job);
    job->in_ring = true;
}

void schedule_unpark(struct schedule_peer *peer)
{
    DL_DELETE(peer->destination->parked, peer);
    peer->parked = false;
}

void schedule_free_peer(struct schedule_peer *peer)
{
    struct schedule_destination *destination = peer->destination;
    struct schedule_job *job = peer->job;

    if (peer->runnable)
        schedule_unlink_runnable(peer);
    if (peer->parked)
        schedule_unpark(peer);
    DL_DELETE2(destination->peers, peer, prev_peer, next_peer);
    if (destination->latest == peer)
        destination->latest = NULL;
    free(peer);
    if (--job->peer_count == 0)
        free_job(job);
}

static void free_transport(struct schedule *schedule, struct schedule_transport *transport)
{
    struct schedule_destination *destination, *next;

    HASH_ITER (hh, transport->destinations, destination, next) {
        while (destination->peers != NULL)
            schedule_free_peer(destination->peers);
        free_destination(destination);
    }
    HASH_DEL(schedule->transports, transport);
    reason_clear(&transport->reason);
    free(transport->name);
    free(transport);
}

void schedule_free(struct schedule *schedule)
{
    struct schedule_transport *transport, *next;

    if (schedule == NULL)
        return;
    HASH_ITER (hh, schedule->transports, transport, next)
        free_transport(schedule, transport);
    free(schedule);
}

/* --- adding --- */

static struct schedule_job *need_job(struct schedule_transport *transport, const void *message)
{
    if (transport->latest != NULL && transport->latest->message == message)
        return transport->latest;
    struct schedule_job *job = memory_new(struct schedule_job);
    job->message = message;
    job->transport = transport;
    transport->latest = job;
    return job;
}

static struct schedule_peer *need_peer(struct schedule_job *job, struct schedule_destination *destination)
{
    if (destination->latest != NULL && destination->latest->job == job)
        return destination->latest;
    struct schedule_peer *peer = memory_new(struct schedule_peer);
    peer->job = job;
    peer->destination = destination;
    job->peer_count++;
    DL_APPEND2(destination->peers, peer, prev_peer, next_peer);
    destination->latest = peer;
    return peer;
}

void schedule_add(struct schedule_transport *transport, const char *destination, const void *message,
    struct schedule_entry *entry)
{
    struct schedule_peer *peer = need_peer(need_job(transport, message), need_destination(transport, destination));

    entry->peer = peer;
    DL_APPEND(peer->entries, entry);
    transport->waiting++;
    if (!peer->runnable && !peer->parked)
        make_runnable(peer, false);
}

/* --- choosing --- */

static int window_of(const struct schedule_destination *destination)
{
    return destination->transport->limits.destination_delay_ms > 0 ? 1 : destination->feedback.window;
}

static bool is_open(const struct schedule_destination *destination, int64_t now_ms)
{
    return destination->busy < window_of(destination) && destination->delayed_until_ms <= now_ms;
}

/* Slots have become free, or a delay has passed: as many parked peers as there are slots. */
static void wake(struct schedule_destination *destination, int64_t now_ms)
{
    if (destination->delayed_until_ms > now_ms)
        return;
    for (int free_slots = window_of(destination) - destination->busy; free_slots > 0 && destination->parked != NULL;
         free_slots--) {
        struct schedule_peer *peer = destination->parked;
        schedule_unpark(peer);
        make_runnable(peer, true);
    }
}

static void wake_delayed(struct schedule_transport *transport, int64_t now_ms)
{
    struct schedule_destination *destination, *next;

    if (transport->limits.destination_delay_ms == 0)
        return;
    HASH_ITER (hh, transport->destinations, destination, next) {
        if (destination->delayed_until_ms > 0 && destination->delayed_until_ms <= now_ms) {
            destination->delayed_until_ms = 0;
            wake(destination, now_ms);
            schedule_drop_if_idle(destination, now_ms);
        }
    }
}

static struct schedule_entry *start_entry(struct schedule_peer *peer)
{
    struct schedule_entry *entry = peer->entries;
    struct schedule_job *job = peer->job;

    DL_DELETE(peer->entries, entry);
    entry->slot = NULL;
    peer->running++;
    job->transport->waiting--;
    job->transport->running++;
    /* To the end of both lines: other destinations and other messages first. */
    if (peer->parked)
        schedule_unpark(peer);
    else
        schedule_unlink_runnable(peer);
    if (job->in_ring) {
        DL_DELETE(job->transport->ring, job);
        DL_APPEND(job->transport->ring, job);
    }
    if (peer->entries != NULL)
        make_runnable(peer, false);
    return entry;
}

struct schedule_entry *schedule_next(struct schedule_transport *transport, int64_t now_ms)
{
    if (transport->delayed_until_ms > now_ms
        || (transport->limits.transport_delay_ms > 0 && transport->running > 0))
        return NULL;
    wake_delayed(transport, now_ms);
    while (transport->ring != NULL) {
        struct schedule_peer *peer = transport->ring->runnable;
        if (is_open(peer->destination, now_ms)) {
            peer->destination->busy++;
            return start_entry(peer);
        }
        schedule_unlink_runnable(peer);
        peer->parked = true;
        DL_APPEND(peer->destination->parked, peer);
    }
    return NULL;
}

/* --- several at once --- */

void schedule_let_ride(struct schedule_entry *entry, unsigned count)
{
    entry->peer->destination->riders = count;
}

unsigned schedule_riders(const struct schedule_entry *entry)
{
    return entry->peer->destination->riders;
}

static void share_slot(struct schedule_entry *started, struct schedule_entry *along)
{
    if (started->slot == NULL) {
        started->slot = memory_new(struct schedule_slot);
        started->slot->users = 1;
    }
    started->slot->users++;
    along->slot = started->slot;
}

static void give_up_slot(struct schedule_destination *destination, struct schedule_entry *entry)
{
    struct schedule_slot *slot = entry->slot;

    entry->slot = NULL;
    if (slot != NULL && --slot->users > 0)
        return;
    free(slot);
    destination->busy--;
}

struct schedule_entry *schedule_next_along(struct schedule_entry *started)
{
    struct schedule_destination *destination = started->peer->destination;
    struct schedule_transport *transport = destination->transport;
    struct schedule_peer *peer = destination->peers;

    if (transport->limits.transport_delay_ms > 0 || transport->limits.destination_delay_ms > 0)
        return NULL;
    while (peer != NULL && peer->entries == NULL)
        peer = peer->next_peer;
    if (peer == NULL)
        return NULL;
    DL_DELETE2(destination->peers, peer, prev_peer, next_peer); /* the next one is another message's */
    DL_APPEND2(destination->peers, peer, prev_peer, next_peer);
    struct schedule_entry *along = start_entry(peer);
    share_slot(started, along);
    return along;
}

int64_t schedule_wake_ms(const struct schedule_transport *transport, int64_t now_ms)
{
    int64_t wake_ms = INT64_MAX;

    if (transport->waiting == 0)
        return INT64_MAX;
    if (transport->delayed_until_ms > now_ms)
        return transport->delayed_until_ms;
    if (transport->limits.destination_delay_ms == 0)
        return INT64_MAX;
    for (struct schedule_destination *at = transport->destinations; at != NULL; at = at->hh.next) {
        if (at->parked != NULL && at->delayed_until_ms > 0 && at->delayed_until_ms < wake_ms)
            wake_ms = at->delayed_until_ms;
    }
    return wake_ms;
}

/* --- ending --- */

void schedule_requeue(struct schedule_entry *entry)
{
    struct schedule_peer *peer = entry->peer;

    peer->running--;
    give_up_slot(peer->destination, entry);
    peer->job->transport->running--;
    peer->job->transport->waiting++;
    DL_PREPEND(peer->entries, entry);
    if (!peer->runnable && !peer->parked)
        make_runnable(peer, true);
}

static void set_delays(struct schedule_destination *destination, int64_t now_ms)
{
    const struct schedule_limits *limits = &destination->transport->limits;

    if (limits->destination_delay_ms > 0)
        destination->delayed_until_ms = now_ms + limits->destination_delay_ms;
    if (limits->transport_delay_ms > 0)
        destination->transport->delayed_until_ms = now_ms + limits->transport_delay_ms;
}

/* True: the destination is dead now. */
static bool take_feedback(struct schedule_destination *destination, bool reached)
{
    const struct schedule_transport *transport = destination->transport;
    const struct feedback before = destination->feedback;
    bool died = false;

    if (reached)
        feedback_succeed(&destination->feedback, &transport->limits.feedback, destination->busy);
    else
        died = feedback_fail(&destination->feedback, &transport->limits.feedback);
    if (transport->schedule->observer != NULL) {
        struct feedback after = destination->feedback;
        if (died)
            after.window = 0;
        transport->schedule->observer(transport->schedule->context, transport, destination->name, &before, &after, reached);
    }
    return died;
}

bool schedule_finish(struct schedule_entry *entry, const struct schedule_reason *unreachable, int64_t now_ms,
    struct schedule_destination **dead)
{
    struct schedule_peer *peer = entry->peer;
    struct schedule_destination *destination = peer->destination;
    struct schedule_transport *transport = destination->transport;
    bool died = take_feedback(destination, unreachable == NULL);

    peer->running--;
    give_up_slot(destination, entry);
    transport->running--;
    entry->peer = NULL;
    set_delays(destination, now_ms);
    if (peer->entries == NULL && peer->running == 0)
        schedule_free_peer(peer);
    if (died) {
        destination->dead_until_ms = now_ms + transport->limits.dead_ms;
        schedule_reason_set(&destination->reason, unreachable);
        *dead = destination;
        return true;
    }
    wake(destination, now_ms);
    schedule_drop_if_idle(destination, now_ms);
    return false;
}

/* --- looking --- */

const char *schedule_transport_name(const struct schedule_transport *transport)
{
    return transport->name;
}

const struct schedule_limits *schedule_transport_limits(const struct schedule_transport *transport)
{
    return &transport->limits;
}

bool schedule_has_many(const struct schedule_entry *entry)
{
    if (entry->peer->destination->busy >= SCHEDULE_MANY_RUN)
        return true;
    /* Those without entries are running: not more than the destination's window. */
    for (const struct schedule_peer *peer = entry->peer->destination->peers; peer != NULL; peer = peer->next_peer) {
        if (peer->entries != NULL)
            return true;
    }
    return false;
}

struct schedule_transport *schedule_entry_transport(const struct schedule_entry *entry)
{
    return entry->peer->job->transport;
}

void schedule_transport_set_data(struct schedule_transport *transport, void *data)
{
    transport->data = data;
}

void *schedule_transport_data(const struct schedule_transport *transport)
{
    return transport->data;
}

size_t schedule_waiting(const struct schedule_transport *transport)
{
    return transport->waiting;
}

size_t schedule_running(const struct schedule_transport *transport)
{
    return transport->running;
}
