#include "qmgr/active/queue_run.h"

#include "qmgr/active/intake_door.h"
#include "qmgr/active/message.h"
#include "qmgr/active/refill.h"
#include "qmgr/spool/recovery.h"
#include "util/base/clock.h"
#include "util/base/memory.h"

static bool is_ours(void *context, enum queue queue, const char *id)
{
    struct manager *manager = context;

    return queue == QUEUE_ACTIVE ? message_find(manager, id) != NULL
                                 : places_has(manager->places, id) || intake_door_has(manager->door, id);
}

void queue_run_adopt(struct manager *manager)
{
    if (manager->foreign > 0)
        manager->foreign = recovery_adopt(manager->spool, is_ours, manager);
}

static void scan(struct manager *manager)
{
    refill_scan_incoming(manager->refill);
    refill_scan_deferred(manager->refill, false);
}

static void on_queue_run(evutil_socket_t fd, short what, void *context)
{
    struct manager *manager = context;

    if (manager->leaving) /* the queue is our successor's */
        return;
    queue_run_adopt(manager);
    schedule_tidy(manager->schedule, clock_monotonic_ms());
    scan(manager);
}

void queue_run_start(struct manager *manager)
{
    struct timeval delay = { .tv_sec = (time_t)manager->config->queue_run_delay };
    struct event *timer = event_new(manager->events, -1, EV_PERSIST, on_queue_run, manager);

    if (timer == NULL || event_add(timer, &delay) != 0)
        memory_exhausted();
    scan(manager);
}
