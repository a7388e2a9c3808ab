/* qmgr: the queue manager. It alone owns the queue: it lends files to processes that take in mail, decides who gets
 * it when, hands messages to delivery agents, and keeps the books. Single-threaded; never waits for a peer. */
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "master/worker/worker.h"
#include "qmgr/active/agent_pool.h"
#include "qmgr/active/feedback_log.h"
#include "qmgr/active/intake_door.h"
#include "qmgr/active/leave.h"
#include "qmgr/active/limits.h"
#include "qmgr/active/manager.h"
#include "qmgr/active/outcome.h"
#include "qmgr/active/queue_run.h"
#include "qmgr/active/refill.h"
#include "qmgr/active/route_asker.h"
#include "qmgr/active/take_up.h"
#include "qmgr/active/trigger.h"
#include "qmgr/client/delivery_log.h"
#include "qmgr/route/probe_route.h"
#include "qmgr/spool/recovery.h"
#include "util/log/log.h"

enum { LISTENER_TRIGGER, LISTENER_INTAKE };
enum { DRAIN_S = 10 };

static void on_connect(void *context, int fd, int listener_index)
{
    struct manager *manager = context;

    if (listener_index == LISTENER_INTAKE)
        intake_door_connect(manager->door, fd);
    else
        trigger_connect(manager, fd);
}

/* While still root: the folder spare/ isn't among those that an installed Postfix has. */
static struct spool *open_spool(const struct config *config)
{
    struct spool *spool = spool_open(config);
    struct passwd *owner = getuid() == 0 ? getpwnam(config->mail_owner) : NULL;

    if (spool == NULL)
        log_fatal("open queue directory %s: %m", config->queue_directory);
    if (!spool_make_folders(spool, owner == NULL ? (uid_t)-1 : owner->pw_uid))
        log_fatal("make queue folders in %s: %m", config->queue_directory);
    return spool;
}

static struct master_cf *load_master_cf(const struct config *config)
{
    struct master_cf *master_cf = NULL;
    struct str why = {0};

    if (!master_cf_load(config->config_directory, master_cf_chroot_default(config), NULL, NULL, &master_cf, &why))
        log_warning("%s: default_process_limit is used for all transports", str_text(&why));
    str_free(&why);
    return master_cf;
}

static void check_drained(evutil_socket_t fd, short what, void *context)
{
    struct manager *manager = context;

    if (!agent_pool_is_busy(manager->pool))
        (void)event_base_loopbreak(manager->events); /* at the latest the time limit ends the loop */
}

/* Before the end: what agents are doing now is worth waiting for, since it would all be done again. New mail is
 * still taken in from who is connected. */
static void drain(struct manager *manager)
{
    struct timeval often = { .tv_usec = 20000 };
    struct timeval limit = { .tv_sec = DRAIN_S };

    manager->draining = true;
    agent_pool_drain(manager->pool);
    struct event *check = event_new(manager->events, -1, EV_PERSIST, check_drained, manager);
    if (!agent_pool_is_busy(manager->pool) || check == NULL || event_add(check, &often) != 0
        || event_base_loopexit(manager->events, &limit) != 0)
        return;
    (void)event_base_dispatch(manager->events); /* a failure only ends it early */
}

static void on_reload(void *context)
{
    bool *is_replaced = context;

    *is_replaced = true;
}

static bool has_work(void *context)
{
    const struct manager *manager = context;

    return leave_has_work(manager);
}

/* for_probes: room for the configuration with which address probes are routed; as long as the routers. */
static void open_routers(struct manager *manager, const struct config *rewrite, struct config *for_probes)
{
    manager->rewrite = rewrite;
    manager->router = router_open(rewrite);
    if (probe_route_config(rewrite, for_probes) != NULL)
        manager->probe_router = router_open(for_probes);
    manager->router_waits = router_may_wait(manager->router)
        || (manager->probe_router != NULL && router_may_wait(manager->probe_router));
}

int main(int argc, char **argv)
{
    struct worker *worker = worker_start(argc, argv, "qmgr");
    const struct config *config = worker_config(worker);
    struct manager manager = { .config = config, .worker = worker };
    bool is_replaced = false;

    delivery_log_set(config->delay_logging_resolution_limit, config->info_log_address_format);
    manager.spool = open_spool(config);
    manager.master_cf = load_master_cf(config);
    struct config for_probes;
    open_routers(&manager, worker_config_of(worker, config->rewrite_service_name, "trivial-rewrite"), &for_probes);
    worker_confine(worker, CONFINE_QUEUE);

    manager.foreign = recovery_run(manager.spool);
    manager.places = places_new(manager.spool, config->enable_long_queue_ids);
    if (manager.places == NULL)
        log_fatal("open folder spare: %m");
    manager.events = worker_events(worker);
    manager.backoff = limits_backoff(config);
    manager.schedule = schedule_new(limits_read, &manager);
    if (config->destination_concurrency_feedback_debug)
        schedule_observe(manager.schedule, feedback_log_change);
    manager.pool = agent_pool_new(&manager, &outcome_handlers);
    manager.asker = route_asker_new(&manager, &take_up_handlers);
    manager.refill = refill_new(&manager, take_up_file);
    manager.door = intake_door_new(&manager);
    queue_run_start(&manager);
    worker_on_reload(worker, on_reload, &is_replaced);
    worker_serve_many(worker, on_connect, &manager);

    if (is_replaced) {
        leave_begin(&manager);
        worker_leave(worker, has_work, &manager);
    } else {
        drain(&manager);
    }
    intake_door_free(manager.door);
    places_free(manager.places);
    return worker_stop(worker); /* what is active is found again in active/ */
}
