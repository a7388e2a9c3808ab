#include <utlist.h>

#include "qmgr/schedule/schedule_inside.h"

static struct schedule_entry *take_entry(struct schedule_peer *peer)
{
    struct schedule_entry *entry = peer->entries;

    DL_DELETE(peer->entries, entry);
    peer->job->transport->waiting--;
    if (peer->entries == NULL) {
        if (peer->runnable)
            schedule_unlink_runnable(peer);
        if (peer->parked)
            schedule_unpark(peer);
        if (peer->running == 0)
            schedule_free_peer(peer);
    }
    entry->peer = NULL;
    return entry;
}

struct schedule_entry *schedule_take_suspended(struct schedule_destination *dead)
{
    struct schedule_peer *peer = dead->peers;

    while (peer != NULL && peer->entries == NULL) /* only running deliveries */
        peer = peer->next_peer;
    return peer == NULL ? NULL : take_entry(peer);
}

struct schedule_entry *schedule_take_all(struct schedule_transport *transport)
{
    for (struct schedule_destination *at = transport->destinations; at != NULL; at = at->hh.next) {
        struct schedule_entry *entry = schedule_take_suspended(at);
        if (entry != NULL) {
            schedule_drop_if_idle(at, 0);
            return entry;
        }
    }
    return NULL;
}

void schedule_transport_fail(struct schedule_transport *transport, const struct schedule_reason *reason, int64_t now_ms)
{
    transport->dead_until_ms = now_ms + transport->limits.transport_dead_ms;
    schedule_reason_set(&transport->reason, reason);
}

const struct schedule_reason *schedule_suspended(struct schedule_transport *transport, const char *destination,
    int64_t now_ms)
{
    if (transport->dead_until_ms > now_ms)
        return &transport->reason;
    struct schedule_destination *found = schedule_find_destination(transport, destination);
    if (found == NULL || found->dead_until_ms == 0)
        return NULL;
    if (found->dead_until_ms > now_ms)
        return &found->reason;
    found->dead_until_ms = 0; /* a new chance, with a fresh window */
    feedback_start(&found->feedback, &transport->limits.feedback);
    return NULL;
}

void schedule_revive(struct schedule *schedule)
{
    struct schedule_transport *transport, *next;
    struct schedule_destination *destination, *following;

    HASH_ITER (hh, schedule->transports, transport, next) {
        transport->dead_until_ms = 0;
        HASH_ITER (hh, transport->destinations, destination, following) {
            if (destination->dead_until_ms > 0)
                feedback_start(&destination->feedback, &transport->limits.feedback);
            destination->dead_until_ms = 0;
            schedule_drop_if_idle(destination, destination->delayed_until_ms);
        }
    }
}

void schedule_tidy(struct schedule *schedule, int64_t now_ms)
{
    struct schedule_transport *transport, *next;
    struct schedule_destination *destination, *following;

    HASH_ITER (hh, schedule->transports, transport, next) {
        HASH_ITER (hh, transport->destinations, destination, following)
            schedule_drop_if_idle(destination, now_ms);
    }
}
