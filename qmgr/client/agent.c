#include "qmgr/client/agent.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "qmgr/client/agent_inside.h"
#include "qmgr/client/agent_messages.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/io/fd.h"
#include "util/log/log.h"

enum { RECIPIENTS_MAX = 100000 }; /* far above any <transport>_destination_recipient_limit */

struct agent *agent_open(int socket)
{
    struct agent *agent = memory_new(struct agent);

    agent->channel = ipc_open(socket);
    ipc_take_descriptors(agent->channel);
    return agent;
}

static struct agent_held *hold_new(struct agent *agent)
{
    struct agent_held *held = agent->spare;

    agent->spare = NULL;
    if (held == NULL) {
        held = memory_new(struct agent_held);
        held->order = (struct order){ .arena = arena_new(), .content = -1 };
    }
    LL_APPEND(agent->held, held);
    return held;
}

static void forget(struct agent *agent, struct agent_held *held)
{
    struct arena *arena = held->order.arena;

    LL_DELETE(agent->held, held);
    fd_close(&held->order.content);
    if (agent->spare != NULL) {
        arena_free(arena);
        free(held);
        return;
    }
    arena_reset(arena);
    *held = (struct agent_held){ .order = { .arena = arena, .content = -1 } };
    agent->spare = held;
}

static void forget_finished(struct agent *agent)
{
    struct agent_held *held;
    struct agent_held *next;

    LL_FOREACH_SAFE (agent->held, held, next) {
        if (held->finished)
            forget(agent, held);
    }
}

static struct agent_held *held_of(struct order *order)
{
    return (struct agent_held *)order; /* its first member */
}

bool agent_is_reported(const struct order *order)
{
    return ((const struct agent_held *)order)->unreported == 0;
}

void agent_finishes_at_once(struct agent *agent)
{
    agent->finishes_at_once = true;
}

void agent_close(struct agent *agent)
{
    if (agent == NULL)
        return;
    while (agent->held != NULL)
        forget(agent, agent->held);
    if (agent->spare != NULL)
        arena_free(agent->spare->order.arena);
    free(agent->spare);
    ipc_close(agent->channel);
    free(agent);
}

/* --- orders --- */

static const char *keep(struct order *order, const char *text)
{
    return *text == '\0' ? "" : arena_copy_text(order->arena, text);
}

static bool bad_order(const struct agent *agent, const char *why)
{
    log_warning("%s from the queue manager: %s", why, ipc_error(agent->channel));
    return false;
}

static bool read_content(struct order *order, const char **why)
{
    /* What only asks may do without a message. */
    return message_file_read_header(order->content, &order->file, why) || (order->envelope.flags & ENVELOPE_VERIFY_ONLY);
}

static bool receive_order(struct agent *agent, struct order *order)
{
    struct agent_order message = { .content = -1 };
    const char *why = "";

    if (!agent_order_decode(agent->channel, &message))
        return bad_order(agent, "bad order");
    order->content = message.content;
    if (message.attributes.length > 0
        && !envelope_decode(message.attributes.data, message.attributes.length, 0, order->arena, &order->envelope, &why))
        return bad_order(agent, why);
    order->kind = keep(order, message.kind);
    order->queue_id = keep(order, message.queue_id);
    order->next_hop = keep(order, message.next_hop);
    order->affinity = keep(order, message.affinity);
    order->notify_whom = keep(order, message.notify_whom);
    order->has_many = message.has_many;
    order->envelope.sender = keep(order, message.sender);
    order->envelope.envid = keep(order, message.envid);
    order->envelope.ret = message.ret == RET_FULL ? RET_FULL : message.ret == RET_HEADERS ? RET_HEADERS : RET_UNSET;
    order->envelope.flags = message.flags;
    order->envelope.size_bytes = message.size_bytes;
    order->envelope.arrival_us = (int64_t)message.arrival_us;
    order->envelope.recipients = NULL;
    order->envelope.recipient_count = 0;
    order->active_us = (int64_t)message.active_us;
    if (!read_content(order, &why)) {
        log_warning("%s: queue file %s", order->queue_id, why);
        order->file = (struct message_file){0}; /* not complete: agents defer such an order */
    }
    return true;
}

static bool receive_recipient(struct agent *agent, struct order *order)
{
    struct agent_recipient message;

    if (!agent_recipient_decode(agent->channel, &message))
        return bad_order(agent, "bad recipient");
    size_t count = order->target_count;
    if (message.index != count || count == RECIPIENTS_MAX)
        return bad_order(agent, "recipient out of order");
    if ((count & (count - 1)) == 0) { /* grows at powers of two; old copies go with the arena */
        struct agent_target *bigger = arena_allocate(order->arena, (count == 0 ? 1 : count * 2) * sizeof(*bigger));
        if (count > 0)
            memcpy(bigger, order->targets, count * sizeof(*bigger));
        order->targets = bigger;
    }
    order->targets[order->target_count++] = (struct agent_target){
        .recipient = {
            .address = keep(order, message.address),
            .original = keep(order, message.original),
            .dsn_orcpt = keep(order, message.dsn_orcpt),
            .notify = message.notify,
        },
        .why = keep(order, message.why),
        .status = keep(order, message.status),
        .action = keep(order, message.action),
        .diagnostic_type = keep(order, message.diagnostic_type),
        .diagnostic = keep(order, message.diagnostic),
        .remote_mta = keep(order, message.remote_mta),
    };
    return true;
}

static bool receive_notice(struct agent *agent, struct order *order)
{
    struct agent_notice message;

    if (!agent_notice_decode(agent->channel, &message) || message.transcript.length > AGENT_NOTICE_BYTES)
        return bad_order(agent, "bad notice");
    order->errors = (struct agent_errors){
        .program = keep(order, message.program),
        .peer = keep(order, message.peer),
        .opening = keep(order, message.opening),
        .transcript = arena_copy_bytes(order->arena, message.transcript.data, message.transcript.length),
    };
    return true;
}

static bool receive_go(struct agent *agent, struct agent_held *held)
{
    struct agent_go message;

    if (!agent_go_decode(agent->channel, &message))
        return bad_order(agent, "bad message");
    held->unreported = held->order.target_count;
    if (message.recipient_count != held->order.target_count)
        return bad_order(agent, "recipients are missing in an order");
    return true;
}

/* What follows agent_order, up to and with agent_go. */
static bool receive_rest(struct agent *agent, struct agent_held *held)
{
    int64_t deadline_ms = clock_deadline_s(AGENT_TIMEOUT_S);
    unsigned type;

    for (;;) {
        if (!ipc_receive(agent->channel, &type, deadline_ms))
            return bad_order(agent, "incomplete order");
        if (type == agent_go_type)
            return receive_go(agent, held);
        if (type != agent_recipient_type && type != agent_notice_type)
            return bad_order(agent, "unexpected message");
        if (!(type == agent_notice_type ? receive_notice(agent, &held->order) : receive_recipient(agent, &held->order)))
            return false;
    }
}

void agent_watch(struct agent *agent, bool (*has_changed)(void *context), void *context)
{
    agent->has_changed = has_changed;
    agent->watch_context = context;
}

/* True: something came. In steps, if there is something to watch meanwhile. */
static bool wait_for_order(struct agent *agent, int64_t idle_s)
{
    if (agent->has_changed == NULL)
        return true; /* the reading itself waits */
    for (int64_t waited_s = 0; waited_s < idle_s; waited_s++) {
        if (agent_wait(agent, -1, 1) != 0)
            return true;
        if (agent->has_changed(agent->watch_context))
            return false;
    }
    return false;
}

struct order *agent_receive(struct agent *agent, int64_t idle_s)
{
    forget_finished(agent);
    if (!wait_for_order(agent, idle_s))
        return NULL;
    if (!agent->has_next && !ipc_receive(agent->channel, &agent->next_type, clock_deadline_s(idle_s)))
        return NULL;
    agent->has_next = false;
    if (agent->next_type != agent_order_type) {
        (void)bad_order(agent, "unexpected message");
        return NULL;
    }
    struct agent_held *held = hold_new(agent);
    if (!receive_order(agent, &held->order) || !receive_rest(agent, held)) {
        forget(agent, held);
        return NULL;
    }
    held->order.received_us = clock_wall_us();
    return &held->order;
}

bool agent_has_next(struct agent *agent)
{
    if (!agent->has_next)
        agent->has_next = ipc_next(agent->channel, &agent->next_type)
            || (ipc_feed(agent->channel) && ipc_next(agent->channel, &agent->next_type));
    return agent->has_next;
}

void agent_takes_riders(struct agent *agent, unsigned count)
{
    agent->riders = count;
}

int agent_wait(struct agent *agent, int other_fd, int64_t idle_s)
{
    struct pollfd fds[2] = {
        { .fd = ipc_fd(agent->channel), .events = POLLIN },
        { .fd = other_fd, .events = POLLIN },
    };
    int64_t deadline_ms = clock_deadline_s(idle_s);

    if (!agent->has_next)
        agent->has_next = ipc_next(agent->channel, &agent->next_type);
    if (agent->has_next || ipc_failed(agent->channel))
        return 1;
    for (;;) {
        int ready = poll(fds, 2, clock_left_ms(deadline_ms));
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return 0;
        return fds[0].revents != 0 ? 1 : 2;
    }
}

/* --- answers --- */

void agent_tell(struct agent *agent, struct order *order, struct agent_target *target)
{
    struct agent_held *held = held_of(order);

    target->reported = true;
    held->unreported--;
    if (held->unreported > 0 || !agent->finishes_at_once)
        (void)ipc_flush(agent->channel, clock_deadline_s(AGENT_TIMEOUT_S));
}

bool agent_flush(struct agent *agent)
{
    return ipc_flush(agent->channel, clock_deadline_s(AGENT_TIMEOUT_S));
}

static bool has_unfinished(const struct agent *agent)
{
    const struct agent_held *held = agent->held;

    while (held != NULL && held->finished)
        held = held->next;
    return held != NULL;
}

bool agent_finish(struct agent *agent, struct order *order, const char *kept_affinity,
    const struct agent_result *unreachable)
{
    agent_finished_send(agent->channel, &(struct agent_finished){
        .affinity = kept_affinity,
        .riders = agent->riders,
        .unreachable = unreachable != NULL,
        .status = unreachable == NULL ? "" : unreachable->status,
        .why = unreachable == NULL ? "" : unreachable->why,
    });
    fd_close(&order->content);
    held_of(order)->finished = true;
    agent->riders = 0;
    return has_unfinished(agent) || agent_flush(agent);
}
