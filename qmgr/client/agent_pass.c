#include "qmgr/client/agent_pass.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "qmgr/client/agent_messages.h"
#include "util/base/clock.h"
#include "util/io/fd.h"
#include "util/log/log.h"

enum { CONNECT_TIMEOUT_MS = 30000, ORDER_TIMEOUT_S = 60, VERDICT_TIMEOUT_S = 18000 /* as long as an agent may take at all */ };

/* What is under way: our number for each of the other agent's. */
struct pass {
    struct agent *agent;
    struct order *order;
    struct agent_target **targets;
    uint32_t count;
    struct ipc_channel *channel;
    const char *sender;
    struct agent_result *result; /* agent_pass_for: where the one verdict goes */
};

static void put_order(struct pass *pass, const char *next_hop)
{
    const struct order *order = pass->order;
    const struct envelope *envelope = &order->envelope;
    struct str attributes = {0};

    envelope_encode(envelope, &attributes);
    agent_order_send(pass->channel, &(struct agent_order){
        .kind = order->kind,
        .queue_id = order->queue_id,
        .next_hop = next_hop,
        .affinity = "",
        .sender = pass->sender,
        .envid = envelope->envid,
        .ret = envelope->ret,
        .flags = envelope->flags,
        .size_bytes = envelope->size_bytes,
        .arrival_us = (uint64_t)envelope->arrival_us,
        .active_us = (uint64_t)order->active_us,
        .attributes = { str_text(&attributes), attributes.length },
        .content = fcntl(order->content, F_DUPFD_CLOEXEC, 0),
    });
    str_free(&attributes);
    for (uint32_t i = 0; i < pass->count; i++) {
        const struct recipient *recipient = &pass->targets[i]->recipient;
        agent_recipient_send(pass->channel, &(struct agent_recipient){
            .index = i,
            .address = recipient->address,
            .original = recipient->original,
            .dsn_orcpt = recipient->dsn_orcpt,
            .notify = recipient->notify,
        });
    }
    agent_go_send(pass->channel, &(struct agent_go){ pass->count });
}

static void take_result(struct pass *pass, const struct agent_verdict *verdict)
{
    struct arena *arena = pass->order->arena;

    *pass->result = (struct agent_result){
        .code = (int)verdict->code,
        .status = arena_copy_text(arena, verdict->status),
        .why = arena_copy_text(arena, verdict->why),
        .relay = arena_copy_text(arena, verdict->relay),
        .action = arena_copy_text(arena, verdict->action),
        .diagnostic_type = arena_copy_text(arena, verdict->diagnostic_type),
        .diagnostic = arena_copy_text(arena, verdict->diagnostic),
        .remote_mta = arena_copy_text(arena, verdict->remote_mta),
        .notified_elsewhere = verdict->notified_elsewhere,
    };
}

/* Where there is no agent to pass it on to, it is dropped. */
static bool pass_notice(struct pass *pass)
{
    struct agent_notice notice;

    if (!agent_notice_decode(pass->channel, &notice))
        return false;
    if (pass->agent != NULL)
        agent_pass_notice(pass->agent, &notice);
    return true;
}

/* True: a verdict was passed on, or it is over (*finished). */
static bool take_message(struct pass *pass, unsigned type, bool *finished)
{
    struct agent_finished end;
    struct agent_verdict verdict;
    struct agent_part part;

    if (type == agent_part_type) {
        if (!agent_part_decode(pass->channel, &part) || part.index >= pass->count)
            return false;
        if (pass->result == NULL) /* else one verdict has to do */
            agent_pass_part(pass->agent, pass->order, pass->targets[part.index], &part);
        return true;
    }
    if (type == agent_notice_type)
        return pass_notice(pass);
    if (type == agent_finished_type) {
        *finished = true;
        return agent_finished_decode(pass->channel, &end);
    }
    if (type != agent_verdict_type || !agent_verdict_decode(pass->channel, &verdict))
        return false;
    if (verdict.index >= pass->count || pass->targets[verdict.index]->reported)
        return false;
    if (pass->result == NULL) {
        agent_pass_on(pass->agent, pass->order, pass->targets[verdict.index], &verdict);
    } else {
        take_result(pass, &verdict);
        pass->targets[verdict.index]->reported = true;
    }
    return true;
}

static bool exchange(struct pass *pass, const char *next_hop)
{
    bool finished = false;
    unsigned type;

    put_order(pass, next_hop);
    if (!ipc_flush(pass->channel, clock_deadline_s(ORDER_TIMEOUT_S)))
        return false;
    while (!finished) {
        if (!ipc_receive(pass->channel, &type, clock_deadline_s(VERDICT_TIMEOUT_S)))
            return false;
        if (!take_message(pass, type, &finished))
            return false;
    }
    return true;
}

/* Connects, and has the order done. */
static bool carry_out(struct pass *pass, const char *socket_path, const char *next_hop)
{
    int fd = fd_connect_unix(socket_path, CONNECT_TIMEOUT_MS);

    if (fd < 0) {
        log_warning("connect to transport %s: %s", socket_path, strerror(errno));
        return false;
    }
    pass->channel = ipc_open(fd);
    bool good = exchange(pass, next_hop);
    if (!good)
        log_warning("%s: transport %s went away: %s", pass->order->queue_id, socket_path, ipc_error(pass->channel));
    ipc_close(pass->channel);
    return good;
}

bool agent_pass(struct agent *agent, struct order *order, struct agent_target *only, const char *socket_path,
    const char *next_hop)
{
    struct pass pass = {
        .agent = agent,
        .order = order,
        .sender = order->envelope.sender,
        .targets = arena_allocate(order->arena, (order->target_count + 1) * sizeof(*pass.targets)),
    };

    for (size_t i = 0; i < order->target_count; i++) {
        struct agent_target *target = &order->targets[i];
        if (!target->reported && (only == NULL || only == target))
            pass.targets[pass.count++] = target;
    }
    return carry_out(&pass, socket_path, next_hop);
}

bool agent_pass_for(struct order *order, const struct recipient *recipient, const char *sender, const char *socket_path,
    const char *next_hop, struct agent_result *result)
{
    struct agent_target target = { .recipient = *recipient };
    struct agent_target *targets[] = { &target };
    struct pass pass = { .order = order, .sender = sender, .targets = targets, .count = 1, .result = result };

    return carry_out(&pass, socket_path, next_hop) && target.reported;
}
