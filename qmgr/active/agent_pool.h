/* agent_pool.h: connections to delivery agents (private/<transport>). A connection is one agent process; it is kept
 * between orders, and an agent that still holds a connection to the same destination (affinity) is preferred: the
 * pool is the connection cache. At most the service's process limit (master.cf maxproc) connections per transport.
 * */
#ifndef QMGR_ACTIVE_AGENT_POOL_H
#define QMGR_ACTIVE_AGENT_POOL_H
#include "qmgr/active/delivery.h"
#include "qmgr/active/manager.h"

struct agent_pool;

struct agent_pool *agent_pool_new(struct manager *manager);
void agent_pool_free(struct agent_pool *pool); /* closes all connections */

/* Starts as many deliveries of this transport as may start now; never waits, and may be called from anywhere: the
 * work is done when the event loop comes round. */
void agent_pool_pump(struct agent_pool *pool, struct schedule_transport *transport);

/* The end is near (manager->draining is set): idle agents are let go, busy ones as they finish. */
void agent_pool_drain(struct agent_pool *pool);
bool agent_pool_is_busy(const struct agent_pool *pool);
#endif
