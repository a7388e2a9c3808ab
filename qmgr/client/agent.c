#include "qmgr/client/agent.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "qmgr/client/agent_messages.h"
#include "qmgr/client/delivery_log.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/mail/reason.h"

enum {
    ORDER_TIMEOUT_S = 60,    /* for the rest of an order that has begun, and for taking a verdict */
    RECIPIENTS_MAX = 100000, /* far above any <transport>_destination_recipient_limit */
};

/* An order that was received. */
struct held {
    struct order order;
    size_t unreported;  /* of its targets */
    bool finished;      /* kept until the next one is received */
    struct held *next;
};

struct agent {
    bool (*has_changed)(void *context); /* NULL: nothing is watched */
    void *watch_context;
    struct ipc_channel *channel;
    struct held *held;  /* the oldest first */
    struct held *spare; /* with an empty arena; NULL: none */
    bool finishes_at_once;
    unsigned riders;
    bool has_next;      /* a message is there and not yet decoded */
    unsigned next_type;
};

static bool soft_bounce;
static bool forgets_failures; /* address_verify_negative_cache = no: what a probe that failed found */
static struct maps *status_filter; /* NULL: none */

void agent_set_soft_bounce(bool on)
{
    soft_bounce = on;
}

struct agent *agent_open(int socket)
{
    struct agent *agent = memory_new(struct agent);

    agent->channel = ipc_open(socket);
    return agent;
}

static struct held *hold_new(struct agent *agent)
{
    struct held *held = agent->spare;

    agent->spare = NULL;
    if (held == NULL) {
        held = memory_new(struct held);
        held->order = (struct order){ .arena = arena_new(), .content = -1 };
    }
    LL_APPEND(agent->held, held);
    return held;
}

static void forget(struct agent *agent, struct held *held)
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
    *held = (struct held){ .order = { .arena = arena, .content = -1 } };
    agent->spare = held;
}

static void forget_finished(struct agent *agent)
{
    struct held *held;
    struct held *next;

    LL_FOREACH_SAFE (agent->held, held, next) {
        if (held->finished)
            forget(agent, held);
    }
}

static struct held *held_of(struct order *order)
{
    return (struct held *)order; /* its first member */
}

bool agent_is_reported(const struct order *order)
{
    return ((const struct held *)order)->unreported == 0;
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
    order->more_waits = message.more_waits;
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

static bool receive_go(struct agent *agent, struct held *held)
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
static bool receive_rest(struct agent *agent, struct held *held)
{
    int64_t deadline_ms = clock_deadline_s(ORDER_TIMEOUT_S);
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
    struct held *held = hold_new(agent);
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

/* --- verdicts --- */

void agent_use_config(const struct config *config)
{
    soft_bounce = config->soft_bounce;
    forgets_failures = !config->address_verify_negative_cache;
    delivery_log_set(config->delay_logging_resolution_limit, config->info_log_address_format);
}

static const char *status_word(const struct order *order, int code, bool softened)
{
    if (text_equal(order->kind, "verify"))
        return code < 300 ? "deliverable" : forgets_failures ? "undeliverable-but-not-cached" : "undeliverable";
    if (code < 300)
        return "sent";
    return softened ? "SOFTBOUNCE" : code < 500 ? "deferred" : "bounced";
}

static void log_result(const struct order *order, const struct recipient *recipient,
    const struct agent_result *result, const char *status)
{
    delivery_log(&(struct delivery_log){
        .queue_id = order->queue_id,
        .to = recipient->address,
        .original = recipient->original,
        .relay = result->relay,
        .connection_use = result->connection_use,
        .arrival_us = order->envelope.arrival_us,
        .active_us = order->active_us,
        .received_us = order->received_us,
        .connected_us = order->connected_us,
        .now_us = clock_wall_us(),
        .dsn = result->status,
        .status = status,
        .why = result->why,
    });
}

/* The enhanced status code's class follows the verdict's. */
static const char *status_of_class(const struct order *order, const char *status, char class)
{
    char *copy = arena_copy_text(order->arena, status);

    if (*copy != '\0')
        *copy = class;
    return copy;
}

void agent_use_status_filter(struct maps *filter)
{
    status_filter = filter;
}

/* Takes "5.1.1 text" for the result's own; success stays success, failure stays failure. */
static void replace_result(struct order *order, struct agent_result *result, const char *value)
{
    char status[REASON_STATUS_BYTES];
    const char *why;

    if (reason_status_length(value) == 0 || (value[0] == '2') != (result->code < 300)
        || value[strcspn(value, " \t")] == '\0') {
        log_warning("%s: bad result of the delivery status filter: \"%s\"", order->queue_id, value);
        return;
    }
    reason_split(value, value[0], status, &why);
    if (status[0] != result->status[0])
        result->code = status[0] == '4' ? 450 : 550;
    result->status = arena_copy_text(order->arena, status);
    result->why = arena_copy_text(order->arena, why);
}

/* A failed look-up leaves the result as it is: the delivery has happened. */
static struct agent_result filter_result(struct order *order, const struct agent_result *result)
{
    struct agent_result filtered = *result;
    struct str value = {0};

    if (status_filter == NULL || maps_is_empty(status_filter))
        return filtered;
    const char *key = arena_printf(order->arena, "%s %s", result->status, result->why);
    if (maps_find(status_filter, key, &value, NULL) == TABLE_FOUND)
        replace_result(order, &filtered, str_text(&value));
    str_free(&value);
    return filtered;
}

/* The result as it is told: through the filter, and softened. Logs it. */
static struct agent_result settle(struct order *order, const struct recipient *recipient, const struct agent_result *original)
{
    struct agent_result result = filter_result(order, original);
    bool softened = soft_bounce && result.code >= 500;

    if (softened) {
        result.code -= 100;
        result.status = status_of_class(order, result.status, '4');
    }
    log_result(order, recipient, &result, status_word(order, result.code, softened));
    return result;
}

/* What is done must be known at once, even if this process ends in the middle of the order. A failure shows in agent_finish. */
static void tell(struct agent *agent, struct order *order, struct agent_target *target)
{
    struct held *held = held_of(order);

    target->reported = true;
    held->unreported--;
    if (held->unreported > 0 || !agent->finishes_at_once)
        (void)ipc_flush(agent->channel, clock_deadline_s(ORDER_TIMEOUT_S));
}

void agent_report(struct agent *agent, struct order *order, struct agent_target *target,
    const struct agent_result *original)
{
    if (target->reported)
        return;
    struct agent_result result = settle(order, &target->recipient, original);
    const char *action = result.action == NULL ? "delivered" : result.action;
    agent_verdict_send(agent->channel, &(struct agent_verdict){
        .index = (uint32_t)(target - order->targets),
        .code = (uint32_t)result.code,
        .status = result.status,
        .why = result.why,
        .relay = result.relay == NULL ? "none" : result.relay,
        .action = result.code < 300 ? action : "",
        .diagnostic_type = result.diagnostic_type,
        .diagnostic = result.diagnostic,
        .remote_mta = result.remote_mta,
        .notified_elsewhere = result.notified_elsewhere,
    });
    tell(agent, order, target);
}

void agent_notify(struct agent *agent, const struct agent_errors *errors)
{
    size_t length = strlen(errors->transcript);

    agent_notice_send(agent->channel, &(struct agent_notice){
        .program = errors->program,
        .peer = errors->peer,
        .opening = errors->opening,
        .transcript = { errors->transcript, length < AGENT_NOTICE_BYTES ? length : AGENT_NOTICE_BYTES },
    });
}

/* --- parts of a target --- */

/* The first failure becomes the target's verdict, so that the target counts as done only when its sender was told. */
struct agent_failure {
    struct agent_failure *next;
    struct recipient part;
    struct agent_result result;
};

struct agent_parts {
    bool has_deferral;
    struct agent_result deferral;
    struct agent_failure *failures;
    struct agent_failure **failures_end;
};

static const char *keep_optional(struct order *order, const char *text)
{
    return text == NULL ? NULL : arena_copy_text(order->arena, text);
}

static struct agent_result keep_result(struct order *order, const struct agent_result *result)
{
    struct agent_result copy = *result;

    copy.status = keep_optional(order, result->status);
    copy.why = keep_optional(order, result->why);
    copy.relay = keep_optional(order, result->relay);
    copy.action = keep_optional(order, result->action);
    copy.diagnostic_type = keep_optional(order, result->diagnostic_type);
    copy.diagnostic = keep_optional(order, result->diagnostic);
    copy.remote_mta = keep_optional(order, result->remote_mta);
    copy.owner = keep_optional(order, result->owner);
    return copy;
}

static void send_part(struct agent *agent, const struct order *order, const struct agent_target *target,
    const struct recipient *part, const struct agent_result *result)
{
    agent_part_send(agent->channel, &(struct agent_part){
        .index = (uint32_t)(target - order->targets),
        .address = part->address,
        .notify = part->notify,
        .code = (uint32_t)result->code,
        .status = result->status,
        .why = result->why,
        .relay = result->relay == NULL ? "none" : result->relay,
        .action = result->code >= 300 ? "" : result->action == NULL ? "delivered" : result->action,
        .diagnostic_type = result->diagnostic_type,
        .diagnostic = result->diagnostic,
        .remote_mta = result->remote_mta,
        .owner = result->code >= 500 ? result->owner : NULL,
    });
}

void agent_note_part(struct agent *agent, struct order *order, struct agent_target *target, const struct recipient *part,
    const struct agent_result *result)
{
    struct agent_parts *parts = target->parts;

    if (parts == NULL) {
        parts = target->parts = arena_allocate(order->arena, sizeof(*parts));
        parts->failures_end = &parts->failures;
    }
    if (result->code >= 500) {
        struct agent_failure *failure = arena_allocate(order->arena, sizeof(*failure));
        *failure = (struct agent_failure){ .part = *part, .result = keep_result(order, result) };
        failure->part.address = arena_copy_text(order->arena, part->address);
        *parts->failures_end = failure;
        parts->failures_end = &failure->next;
    } else if (result->code >= 400) {
        parts->has_deferral = true;
        parts->deferral = keep_result(order, result);
    } else if (text_equal(order->kind, "verify") || (order->envelope.flags & ENVELOPE_TRACE)) {
        send_part(agent, order, target, part, result);
    }
}

int agent_report_part(struct agent *agent, struct order *order, struct agent_target *target, const struct recipient *part,
    const struct agent_result *original)
{
    struct agent_result result = settle(order, part, original);

    agent_note_part(agent, order, target, part, &result);
    return result.code;
}

static void send_expanded(struct agent *agent, struct order *order, struct agent_target *target, const char *relay,
    const char *action)
{
    struct recipient self = target->recipient;

    self.notify = NOTIFY_SUCCESS;
    send_part(agent, order, target, &self, &(struct agent_result){
        .code = 250,
        .status = "2.0.0",
        .why = "alias expanded",
        .relay = relay,
        .action = action,
    });
}

void agent_expanded(struct agent *agent, struct order *order, struct agent_target *target, const char *relay, const char *action)
{
    static const struct agent_result success = { .code = 250, .status = "2.0.0", .why = "alias expanded" };
    static const struct agent_parts nothing;
    const struct agent_parts *parts = target->parts == NULL ? &nothing : target->parts;
    const struct agent_failure *failure = parts->failures;
    const struct agent_failure *first = parts->has_deferral ? NULL : failure;
    const struct agent_result *verdict = parts->has_deferral ? &parts->deferral : first != NULL ? &first->result : &success;

    if (target->reported)
        return;
    if ((target->recipient.notify & NOTIFY_SUCCESS) && !text_equal(order->kind, "verify"))
        send_expanded(agent, order, target, relay, action);
    for (; failure != NULL; failure = failure->next) {
        if (failure != first)
            send_part(agent, order, target, &failure->part, &failure->result);
    }
    agent_verdict_send(agent->channel, &(struct agent_verdict){
        .index = (uint32_t)(target - order->targets),
        .code = (uint32_t)verdict->code,
        .status = verdict->status,
        .why = verdict->why,
        .relay = verdict->relay == NULL ? relay : verdict->relay,
        .action = verdict->code < 300 ? action : "",
        .diagnostic_type = verdict->diagnostic_type,
        .diagnostic = verdict->diagnostic,
        .remote_mta = verdict->remote_mta,
        .owner = first != NULL ? first->result.owner : NULL,
        .failed_address = first != NULL ? first->part.address : "",
        .told_by_parts = verdict->code < 300,
    });
    tell(agent, order, target);
}

void agent_confirm(struct agent *agent, struct order *order, struct agent_target *target, const struct verdict *verdict)
{
    target->reported = true;
    agent_verdict_send(agent->channel, &(struct agent_verdict){
        .index = (uint32_t)(target - order->targets),
        .code = (uint32_t)verdict->code,
        .status = verdict->status,
        .why = verdict->text,
    });
}

void agent_report_rest(struct agent *agent, struct order *order, const struct agent_result *result)
{
    for (size_t i = 0; i < order->target_count; i++) {
        if (!order->targets[i].reported)
            agent_report(agent, order, &order->targets[i], result);
    }
}

void agent_pass_notice(struct agent *agent, const struct agent_notice *notice)
{
    agent_notice_send(agent->channel, notice);
}

void agent_pass_part(struct agent *agent, struct order *order, struct agent_target *target, const struct agent_part *part)
{
    struct agent_part copy = *part;

    copy.index = (uint32_t)(target - order->targets);
    if (!target->reported)
        agent_part_send(agent->channel, &copy);
}

void agent_pass_on(struct agent *agent, struct order *order, struct agent_target *target,
    const struct agent_verdict *verdict)
{
    struct agent_verdict copy = *verdict;

    if (target->reported)
        return;
    copy.index = (uint32_t)(target - order->targets);
    agent_verdict_send(agent->channel, &copy);
    tell(agent, order, target);
}

bool agent_flush(struct agent *agent)
{
    return ipc_flush(agent->channel, clock_deadline_s(ORDER_TIMEOUT_S));
}

static bool has_unfinished(const struct agent *agent)
{
    const struct held *held = agent->held;

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
