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

/* maxproc of a service of type unix; 0: no limit. */
int64_t agent_pool_process_limit(const struct manager *manager, const char *service);
/* A non-blocking socket, connected; -1 with errno: Unix sockets connect at once or not at all. */
int agent_pool_connect_now(const char *path);
#endif
