#include "qmgr/active/probe.h"

#include <string.h>

#include "master/worker/worker.h"
#include "qmgr/active/manager.h"
#include "qmgr/client/verify_messages.h"
#include "util/base/clock.h"
#include "util/io/fd.h"
#include "util/log/log.h"

enum { PATIENCE_MS = 200 };

bool probe_is_one(const struct message *message)
{
    return (message->envelope.flags & ENVELOPE_VERIFY_ONLY) != 0
           && *envelope_attribute(&message->envelope, ATTRIBUTE_PROBE_TOKEN) != '\0';
}

static enum verify_state state_of(const struct target *target)
{
    switch (target->state) {
    case TARGET_DONE:
        return VERIFY_OK;
    case TARGET_FAILED:
        return VERIFY_BOUNCE;
    default:
        return VERIFY_DEFER;
    }
}

/* An alias takes mail if one of its members does. */
void probe_report(struct message *message)
{
    const struct manager *manager = message->manager;
    enum verify_state best = VERIFY_STATES;
    const char *why = "";

    for (size_t i = 0; i < message->envelope.recipient_count; i++) {
        struct target *target = &message->targets[i];
        enum verify_state state = state_of(target);
        if (state < best) {
            best = state;
            why = target->why == NULL ? "" : target->why;
        }
        target->state = TARGET_DONE;
    }
    const char *path = worker_socket_path(manager->worker,
        arena_printf(message->arena, "private/%s", manager->config->address_verify_service_name));
    int fd = fd_connect_unix(path, PATIENCE_MS);
    if (fd < 0) {
        log_warning("connect to %s: %m", path);
        return;
    }
    struct ipc_channel *channel = ipc_open(fd);
    verify_result_send(channel, &(struct verify_result){
        .token = envelope_attribute(&message->envelope, ATTRIBUTE_PROBE_TOKEN),
        .state = best == VERIFY_STATES ? VERIFY_DEFER : best,
        .why = why,
    });
    if (!ipc_flush(channel, clock_monotonic_ms() + PATIENCE_MS))
        log_warning("%s: %s", path, ipc_error(channel));
    ipc_close(channel);
}
