/* schedule_inside.h: what the files of schedule.h share. */
#ifndef QMGR_SCHEDULE_SCHEDULE_INSIDE_H
#define QMGR_SCHEDULE_SCHEDULE_INSIDE_H
#include <uthash.h>

#include "qmgr/schedule/schedule.h"

/* The deliveries of one message to one destination. It is in the runnable list of its job, or parked at the
 * destination, or (when nothing of it waits) in neither. */
struct schedule_peer {
    struct schedule_job *job;
    struct schedule_destination *destination;
    struct schedule_entry *entries;
    size_t running;
    bool runnable;
    bool parked;
    struct schedule_peer *prev;      /* in the runnable list or the parked list */
    struct schedule_peer *next;
    struct schedule_peer *prev_peer; /* all peers of the destination */
    struct schedule_peer *next_peer;
};

/* One place in a destination's window that several deliveries share. */
struct schedule_slot {
    size_t users;
};

/* The work of one message for one transport; in the transport's ring as long as it has runnable peers. */
struct schedule_job {
    const void *message;
    struct schedule_transport *transport;
    struct schedule_peer *runnable;
    size_t peer_count;
    bool in_ring;
    struct schedule_job *prev;
    struct schedule_job *next;
};

struct schedule_destination {
    struct schedule_transport *transport;
    char *name;
    struct feedback feedback;
    int busy;                      /* places taken in the window */
    unsigned riders;               /* schedule_let_ride */
    int64_t delayed_until_ms;
    int64_t dead_until_ms;
    struct schedule_reason reason; /* while dead; owned */
    struct schedule_peer *parked;
    struct schedule_peer *peers;
    struct schedule_peer *latest;  /* the peer made last, if it is still there */
    UT_hash_handle hh;
};

struct schedule_transport {
    const struct schedule *schedule;
    char *name;
    struct schedule_limits limits;
    void *data;
    struct schedule_job *ring;
    struct schedule_job *latest;
    struct schedule_destination *destinations;
    int64_t delayed_until_ms;
    int64_t dead_until_ms;
    struct schedule_reason reason;
    size_t waiting;
    size_t running;
    UT_hash_handle hh;
};

struct schedule {
    schedule_read_limits *read_limits;
    schedule_observer *observer; /* NULL: none */
    void *context;
    struct schedule_transport *transports;
};

/* A destination of that name; NULL: there is no work for it, and nothing to remember. */
struct schedule_destination *schedule_find_destination(struct schedule_transport *transport, const char *name);
/* What was learnt of a destination is kept only as long as there is work for it, or it is dead or delayed. */
void schedule_drop_if_idle(struct schedule_destination *destination, int64_t now_ms);

/* Out of the job's runnable list, or out of the destination's parked list. */
void schedule_unlink_runnable(struct schedule_peer *peer);
void schedule_unpark(struct schedule_peer *peer);
void schedule_free_peer(struct schedule_peer *peer);

/* Copies; frees what was there. */
void schedule_reason_set(struct schedule_reason *reason, const struct schedule_reason *from);
#endif
