/* schedule.h: which delivery comes next. Pure: no clock, no files, no sockets; time is passed in (monotonic ms).
 *
 * Fairness. Each transport serves its messages in turn (round-robin), one delivery each time, so a mailing list
 * with ten thousand recipients gets one slot among the messages that wait, and a message for one recipient waits at
 * most one round. Within a message, destinations take turns, too. A destination runs at most as many deliveries as
 * its window allows (feedback.h); what waits for a full or delayed destination is parked there in order of arrival,
 * costs nothing meanwhile, and is woken one by one as slots become free. */
#ifndef QMGR_SCHEDULE_SCHEDULE_H
#define QMGR_SCHEDULE_SCHEDULE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "qmgr/schedule/feedback.h"

struct schedule;
struct schedule_transport;
struct schedule_destination;
struct schedule_peer;

struct schedule_limits {
    struct feedback_limits feedback;
    int64_t destination_delay_ms; /* destination_rate_delay: pause after each delivery, one at a time */
    int64_t transport_delay_ms;   /* transport_rate_delay */
    int64_t dead_ms;              /* how long a dead destination stays so (minimal_backoff_time) */
    int64_t transport_dead_ms;    /* the same for a transport that doesn't answer (transport_retry_time) */
};

/* One delivery; a member of the caller's struct. The caller owns the memory, and must not free it while it is
 * queued. */
struct schedule_entry {
    void *owner;
    struct schedule_peer *peer;
    struct schedule_slot *slot; /* shared with others that were started along with it; NULL: its own */
    struct schedule_entry *prev;
    struct schedule_entry *next;
};

typedef void schedule_read_limits(void *context, const char *transport, struct schedule_limits *limits);

/* Told when a delivery changed what is known of a destination; reached: the next hop was, else after->window is 0 where the
 * destination is dead now. */
typedef void schedule_observer(void *context, const struct schedule_transport *transport, const char *destination,
    const struct feedback *before, const struct feedback *after, bool reached);

/* read_limits is asked when a transport is first used. */
struct schedule *schedule_new(schedule_read_limits *read_limits, void *context);
void schedule_observe(struct schedule *schedule, schedule_observer *observer); /* with the same context */
void schedule_free(struct schedule *schedule); /* entries that are still queued are forgotten */

/* Found or made. Lives as long as the schedule. */
struct schedule_transport *schedule_transport(struct schedule *schedule, const char *name);
const char *schedule_transport_name(const struct schedule_transport *transport);
const struct schedule_limits *schedule_transport_limits(const struct schedule_transport *transport);
/* The transport that an entry belongs to (queued or running). */
struct schedule_transport *schedule_entry_transport(const struct schedule_entry *entry);
/* The caller's own data of a transport. */
void schedule_transport_set_data(struct schedule_transport *transport, void *data);
void *schedule_transport_data(const struct schedule_transport *transport);

/* Why deliveries are suspended. */
struct schedule_reason {
    const char *status;
    const char *why;
};

/* Whether a new delivery to this destination makes no sense now: its reason, else NULL. Valid until the next call. */
const struct schedule_reason *schedule_suspended(struct schedule_transport *transport, const char *destination,
    int64_t now_ms);

/* Queues a delivery. message: whatever identifies the message; calls for one message should come together. */
void schedule_add(struct schedule_transport *transport, const char *destination, const void *message,
    struct schedule_entry *entry);

/* Starts the next delivery of this transport; NULL: none may start now. */
struct schedule_entry *schedule_next(struct schedule_transport *transport, int64_t now_ms);

/* Says of a started delivery's destination that one agent does several deliveries there faster than one after the other: so many
 * more may be started along with another one. Forgotten when there is no work for the destination any more. */
void schedule_let_ride(struct schedule_entry *entry, unsigned count);
/* How many that is. */
unsigned schedule_riders(const struct schedule_entry *entry);
/* Starts another delivery to the destination of a started one, for the same agent: together they take one place in the
 * destination's window. NULL: nothing waits, or deliveries are to be spaced out. */
struct schedule_entry *schedule_next_along(struct schedule_entry *started);

/* A started delivery didn't begin after all: back to the front of its message's work for that destination. */
void schedule_requeue(struct schedule_entry *entry);

/* A started delivery ended. unreachable: NULL, or why the next hop couldn't be reached at all. If that makes the
 * destination dead, true: the caller then takes what waits for it with schedule_take_suspended. Afterwards the
 * entry isn't known here any more. */
bool schedule_finish(struct schedule_entry *entry, const struct schedule_reason *unreachable, int64_t now_ms,
    struct schedule_destination **dead);
/* The next delivery that waits for a dead destination, taken out; NULL: no more, and the destination isn't to be
 * used any more. */
struct schedule_entry *schedule_take_suspended(struct schedule_destination *dead);

/* The transport's service doesn't answer: everything that waits for it comes out of schedule_take_all, and is
 * suspended for some time. */
void schedule_transport_fail(struct schedule_transport *transport, const struct schedule_reason *reason,
    int64_t now_ms);
struct schedule_entry *schedule_take_all(struct schedule_transport *transport);

/* Forgets all dead destinations and transports. */
void schedule_revive(struct schedule *schedule);
/* Forgets those whose time is up; now and then, so that the dead don't pile up. */
void schedule_tidy(struct schedule *schedule, int64_t now_ms);

/* When schedule_next may find more merely because time passed; INT64_MAX: not before something ends or is added. */
int64_t schedule_wake_ms(const struct schedule_transport *transport, int64_t now_ms);

/* Whether the destination of a started delivery has so much mail that its connection is worth keeping: more waits, or at least
 * SCHEDULE_MANY_RUN deliveries, this one counted, are on their way. */
enum { SCHEDULE_MANY_RUN = 3 };
bool schedule_has_many(const struct schedule_entry *entry);

/* Deliveries that wait, and that run. */
size_t schedule_waiting(const struct schedule_transport *transport);
size_t schedule_running(const struct schedule_transport *transport);
#endif
