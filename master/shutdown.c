#include "master/shutdown.h"

#include <signal.h>
#include <stdlib.h>

#include "master/service.h"
#include "util/base/text.h"
#include "util/log/log.h"

enum { GRACE_MS = 1500, STEPS = 3 };

static const char *const steps[STEPS][2] = { { NULL, NULL }, { "qmgr", "oqmgr" }, { "postlogd", "postlogd" } };

/* The one shutdown of this process. */
static struct {
    int step;
    struct event *grace;
} state;

static bool is_named(const char *program, int step)
{
    return text_equal(program, steps[step][0]) || text_equal(program, steps[step][1]);
}

/* The first step takes all that no later one names. */
static bool is_in_step(const struct service *service, int step)
{
    const char *program = service->state == SERVICE_GONE ? "" : service->entry->fields[MASTER_CF_COMMAND];

    return step == 0 ? !is_named(program, 1) && !is_named(program, 2) : is_named(program, step);
}

static int signal_step(const struct supervisor *supervisor, int signal_number)
{
    int count = 0;

    for (size_t i = 0; i < supervisor->service_count; i++)
        if (is_in_step(supervisor->services[i], state.step))
            count += signal_number != 0 ? service_signal(supervisor->services[i], signal_number)
                : supervisor->services[i]->worker_count;
    return count;
}

static void wait_for_grace(void)
{
    struct timeval delay = { .tv_sec = GRACE_MS / 1000, .tv_usec = GRACE_MS % 1000 * 1000 };

    if (event_add(state.grace, &delay) != 0)
        log_fatal("event loop: %m");
}

/* Begins steps until one has somebody to wait for. */
static void begin_steps(struct supervisor *supervisor)
{
    while (state.step < STEPS && signal_step(supervisor, SIGTERM) == 0)
        state.step++;
    if (state.step == STEPS)
        (void)event_base_loopbreak(supervisor->base); /* can't fail while it runs */
    else
        wait_for_grace();
}

static void on_grace_over(evutil_socket_t fd, short what, void *context)
{
    struct supervisor *supervisor = context;

    (void)signal_step(supervisor, SIGKILL); /* how many doesn't matter */
    wait_for_grace();
}

void shutdown_start(struct supervisor *supervisor)
{
    supervisor->is_stopping = true;
    supervisor_renew_life(supervisor);
    state.grace = evtimer_new(supervisor->base, on_grace_over, supervisor);
    if (state.grace == NULL)
        log_fatal("event loop: %m");
    begin_steps(supervisor);
}

void shutdown_go_on(struct supervisor *supervisor)
{
    if (state.step >= STEPS || signal_step(supervisor, 0) > 0)
        return;
    state.step++;
    begin_steps(supervisor);
}
