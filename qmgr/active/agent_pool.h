/* agent_pool.h: connections to delivery agents (private/<transport>). A connection is one agent process; it is kept
 * between orders, and an agent that still holds a connection to the same destination (affinity) is preferred: the
 * pool is the connection cache. At most the service's process limit (master.cf maxproc) connections per transport. */
#ifndef QMGR_ACTIVE_AGENT_POOL_H
#define QMGR_ACTIVE_AGENT_POOL_H
#include "qmgr/active/delivery.h"
#include "qmgr/active/manager.h"

struct agent_pool;

/* What becomes of deliveries. Each delivery that was started ends in exactly one of the first four; its message may be gone
 * afterwards. */
struct agent_pool_handlers {
    /* The agent finished its order. */
    void (*finished)(struct delivery *delivery, const struct agent_finished *finished);
    /* The agent's connection ended in the middle of the order. */
    void (*agent_lost)(struct delivery *delivery, const char *error);
    /* The message's file couldn't be opened (errno) for a delivery that was about to start. */
    void (*file_lost)(struct delivery *delivery, int error);
    /* Nobody answers at the transport's socket. */
    void (*transport_lost)(struct delivery *delivery, const char *error);
    /* The agent has something for the postmaster. */
    void (*notice)(struct delivery *about, const struct agent_notice *errors);
};

/* Lives as long as the process. */
struct agent_pool *agent_pool_new(struct manager *manager, const struct agent_pool_handlers *handlers);

/* Starts as many deliveries of this transport as may start now; never waits, and may be called from anywhere: the
 * work is done when the event loop comes round. */
void agent_pool_pump(struct agent_pool *pool, struct schedule_transport *transport);

/* The end is near (manager->draining is set): idle agents are let go, busy ones as they finish. */
void agent_pool_drain(struct agent_pool *pool);
bool agent_pool_is_busy(const struct agent_pool *pool);
#endif
