/* manager.h: what the queue manager's parts share: the process's one state. Each part's functions are in its own
 * header. */
#ifndef QMGR_ACTIVE_MANAGER_H
#define QMGR_ACTIVE_MANAGER_H
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "qmgr/route/route.h"
#include "qmgr/schedule/backoff.h"
#include "qmgr/schedule/schedule.h"
#include "qmgr/spool/places.h"
#include "qmgr/spool/spool.h"
#include "util/config/config.h"
#include "util/config/master_cf.h"

struct message;
struct agent_pool;
struct intake_door;
struct refill;
struct route_asker;

struct manager {
    const struct config *config;
    struct master_cf *master_cf;   /* NULL: couldn't be read; the default process limit applies */
    struct worker *worker;
    struct event_base *events;
    struct spool *spool;
    struct places *places;
    struct router *router;
    const struct config *rewrite;  /* what it was opened with */
    int64_t router_looked_ms;      /* when its tables were last looked at for changes */
    struct router *probe_router;   /* for address probes; NULL: the same */
    bool router_waits;             /* a table of theirs may wait: they are not asked in this process */
    struct route_asker *asker;
    struct schedule *schedule;
    struct agent_pool *pool;
    struct refill *refill;
    struct intake_door *door;
    struct backoff backoff;
    struct message *messages;      /* active ones, by queue id (uthash) */
    size_t message_count;
    size_t recipient_count;        /* of the active messages */
    bool leaving;                  /* ... after a reload, and a successor takes care of all but what is under way */
    size_t foreign;                /* files in active/ and spare/ that our predecessor keeps, or that nobody has in hand */
    size_t triggers;               /* requests that were begun and aren't read yet */
    bool draining;                 /* about to end: no delivery is started any more */
};

/* Whether one more message may become active. */
bool manager_has_room(const struct manager *manager);
#endif
