#include "qmgr/active/notice.h"

#include <string.h>

#include "qmgr/active/agent_pool.h"
#include "qmgr/active/probe.h"
#include "qmgr/client/agent.h"
#include "qmgr/client/delivery_log.h"
#include "util/base/clock.h"
#include "util/base/text.h"
#include "util/log/log.h"

enum {
    ERRORS_MAX = 10,       /* notices for the postmaster that one order may ask for */
    TEXT_BYTES_KEPT = 512, /* of each text in them but the transcript */
};

typedef bool select_target(const struct message *message, size_t index);

static bool wants(const struct message *message, size_t index, uint32_t event)
{
    uint32_t notify = message->envelope.recipients[index].notify;

    return notify == 0 ? event != NOTIFY_SUCCESS : (notify & event) != 0;
}

static bool has_owner(const struct target *target)
{
    return target->owner != NULL && *target->owner != '\0' && !target->expired;
}

static bool is_failed(const struct message *message, size_t index)
{
    const struct target *target = &message->targets[index];

    return target->state == TARGET_FAILED && !target->expired && !target->told_by_parts && !has_owner(target);
}

static bool is_expired(const struct message *message, size_t index)
{
    const struct target *target = &message->targets[index];

    return target->state == TARGET_FAILED && target->expired && !target->told_by_parts;
}

static bool is_tried(const struct message *message, size_t index)
{
    return message->targets[index].tried;
}

static bool is_delayed(const struct message *message, size_t index)
{
    const struct target *target = &message->targets[index];

    return target->state == TARGET_DEFERRED && !target->told_by_parts && wants(message, index, NOTIFY_DELAY);
}

static bool is_success(const struct message *message, size_t index)
{
    const struct target *target = &message->targets[index];

    return target->state == TARGET_DONE && target->tried && target->code < 300 && !target->notified_elsewhere
        && wants(message, index, NOTIFY_SUCCESS);
}

/* confirm_delay_cleared: who was told of a delay wants to know of its end, too. */
static bool is_success_after_delay(const struct message *message, size_t index)
{
    const struct target *target = &message->targets[index];

    return is_success(message, index)
        || (target->state == TARGET_DONE && target->tried && target->code < 300 && wants(message, index, NOTIFY_DELAY));
}

static void collect(struct delivery *notice, bool expanded, select_target *select)
{
    const struct envelope *envelope = &notice->message->envelope;
    size_t first = notice->count;

    for (size_t i = 0; i < envelope->recipient_count; i++) {
        if (envelope->recipients[i].expanded == expanded && select(notice->message, i))
            notice->indexes[notice->count++] = (uint32_t)i;
    }
    message_sort_by_turn(notice->message, notice->indexes + first, notice->count - first);
}

static void schedule_notice(struct delivery *notice, const char *service)
{
    struct manager *manager = notice->message->manager;
    struct schedule_transport *transport = schedule_transport(manager->schedule, service);

    if (schedule_suspended(transport, notice->kind, clock_monotonic_ms()) != NULL) {
        notice->failed = true;
        notice_settle(notice);
        return;
    }
    notice->message->deliveries++;
    schedule_add(transport, notice->kind, notice->message, &notice->entry);
    agent_pool_pump(manager->pool, transport);
}

static struct delivery *make_notice(struct message *message, const char *kind, size_t count)
{
    struct delivery *notice = arena_allocate(message->arena, sizeof(*notice));

    *notice = (struct delivery){
        .message = message, .kind = kind, .next_hop = "", .affinity = kind, .sender = message->envelope.sender };
    notice->entry.owner = notice;
    notice->indexes = arena_allocate(message->arena, (count + 1) * sizeof(notice->indexes[0]));
    notice->reported = arena_allocate(message->arena, (count + 1) * sizeof(notice->reported[0]));
    return notice;
}

static bool order(struct message *message, const char *service, const char *kind, select_target *select)
{
    size_t count = 0;

    for (size_t i = 0; i < message->envelope.recipient_count; i++)
        count += select(message, i);
    if (count == 0)
        return false;
    struct delivery *notice = make_notice(message, kind, count);
    collect(notice, true, select); /* aliases were done before any delivery began */
    collect(notice, false, select);
    schedule_notice(notice, service);
    return true;
}

/* With VERP each failure goes back on its own: whoever gets it learns from the address whom it is about. */
static void order_bounce(struct message *message, const char *service, select_target *select)
{
    if (!message_has_verp(message) || message->manager->config->disable_verp_bounces) {
        (void)order(message, service, "bounce", select);
        return;
    }
    for (size_t i = 0; i < message->envelope.recipient_count; i++) {
        if (!select(message, i))
            continue;
        struct delivery *notice = make_notice(message, "bounce", 1);
        notice->indexes[notice->count++] = (uint32_t)i;
        schedule_notice(notice, service);
    }
}

/* What failed behind a list with an owner is the owner's business: a report for each. */
static void order_for_owners(struct message *message, const char *service)
{
    for (size_t i = 0; i < message->envelope.recipient_count; i++) {
        const struct target *target = &message->targets[i];
        if (target->state != TARGET_FAILED || !has_owner(target))
            continue;
        struct delivery *notice = make_notice(message, "bounce", 1);
        notice->notify_whom = target->owner;
        notice->indexes[notice->count++] = (uint32_t)i;
        schedule_notice(notice, service);
    }
}

static const char *keep(struct message *message, const char *text)
{
    return arena_copy_bytes(message->arena, text, strnlen(text, TEXT_BYTES_KEPT));
}

void notice_order_errors(struct delivery *about, const struct agent_notice *errors)
{
    struct message *message = about->message;

    if (about->errors_count == ERRORS_MAX || errors->transcript.length > AGENT_NOTICE_BYTES)
        return;
    about->errors_count++;
    struct delivery *notice = make_notice(message, "errors", 0);
    struct agent_notice *copy = arena_allocate(message->arena, sizeof(*copy));
    *copy = (struct agent_notice){
        .program = keep(message, errors->program),
        .peer = keep(message, errors->peer),
        .opening = keep(message, errors->opening),
        .transcript = { arena_copy_bytes(message->arena, errors->transcript.data, errors->transcript.length),
            errors->transcript.length },
    };
    notice->errors = copy;
    schedule_notice(notice, message->manager->config->bounce_service_name);
}

static void log_expired(const struct message *message, const char *status)
{
    struct str sender = {0};

    delivery_log_put_address(&sender, message->envelope.sender);
    log_info("%s: from=<%s>, status=%s, returned to sender", message->id, str_text(&sender), status);
    str_free(&sender);
}

static void expire(struct message *message)
{
    bool null_sender = *message->envelope.sender == '\0';
    int64_t arrival_s = message->envelope.arrival_us / 1000000;
    bool deferred = false;

    for (size_t i = 0; i < message->envelope.recipient_count; i++)
        deferred |= message->targets[i].state == TARGET_DEFERRED;
    if (!deferred)
        return;
    bool forced = message_is_force_expired(message);
    if (!forced && !backoff_is_expired(&message->manager->backoff, null_sender, arrival_s, clock_wall_us() / 1000000))
        return;
    log_expired(message, forced ? "force-expired" : "expired");
    for (size_t i = 0; i < message->envelope.recipient_count; i++) {
        struct target *target = &message->targets[i];
        if (target->state == TARGET_DEFERRED) {
            target->state = TARGET_FAILED;
            target->expired = true;
        }
    }
}

static bool has_failed_part(const struct message *message, size_t parent)
{
    for (size_t i = parent + 1; i < message->envelope.recipient_count; i++) {
        if (message->targets[i].is_part && message->targets[i].parent == parent && message->targets[i].state == TARGET_FAILED)
            return true;
    }
    return false;
}

static void forget_unwanted(struct message *message)
{
    for (size_t i = 0; i < message->envelope.recipient_count; i++) {
        struct target *target = &message->targets[i];
        if (target->state == TARGET_FAILED && !wants(message, i, NOTIFY_FAILURE))
            target->state = TARGET_DONE;
    }
    for (size_t i = 0; i < message->envelope.recipient_count; i++) {
        struct target *target = &message->targets[i];
        if (target->state == TARGET_FAILED && target->told_by_parts)
            target->told_by_parts = has_failed_part(message, i); /* else nobody would tell of it */
    }
}

static void order_report_only(struct message *message)
{
    (void)order(message, message->manager->config->trace_service_name, "trace", is_tried);
    for (size_t i = 0; i < message->envelope.recipient_count; i++)
        message->targets[i].state = TARGET_DONE;
}

void notice_order(struct message *message)
{
    const struct config *config = message->manager->config;
    bool has_sender = *message->envelope.sender != '\0';
    bool warned = message->has_file && message->file.delay_warned;

    if (probe_is_one(message)) {
        probe_report(message);
        return;
    }
    if (message->envelope.flags & ENVELOPE_VERIFY_ONLY) {
        order_report_only(message);
        return;
    }
    expire(message);
    if (message->envelope.flags & ENVELOPE_TRACE)
        (void)order(message, config->trace_service_name, "trace", is_tried);
    forget_unwanted(message);
    order_for_owners(message, config->bounce_service_name);
    order_bounce(message, config->bounce_service_name, is_failed);
    order_bounce(message, config->defer_service_name, is_expired);
    if (has_sender)
        (void)order(message, config->trace_service_name, "success",
            warned && config->confirm_delay_cleared ? is_success_after_delay : is_success);
    if (has_sender && !warned
        && backoff_is_warning_due(&message->manager->backoff, message->envelope.arrival_us / 1000000,
            clock_wall_us() / 1000000))
        (void)order(message, config->defer_service_name, "delay", is_delayed);
}

/* Somebody whom a recipient led to was reported, or couldn't be; the recipient that stands for him in the file goes with the
 * last. */
static void settle_part(struct delivery *notice, struct target *part)
{
    struct message *message = notice->message;
    struct target *parent = &message->targets[part->parent];

    part->state = TARGET_DONE;
    if (!parent->told_by_parts || parent->state != TARGET_FAILED)
        return;
    if (notice->failed)
        delivery_defer_unreported(message, part->parent);
    else if (!has_failed_part(message, part->parent))
        parent->state = TARGET_DONE;
}

static void settle_bounce(struct delivery *notice)
{
    for (size_t i = 0; i < notice->count; i++) {
        struct target *target = &notice->message->targets[notice->indexes[i]];
        if (target->state != TARGET_FAILED)
            continue;
        if (target->is_part) {
            settle_part(notice, target);
            continue;
        }
        target->state = TARGET_DONE;
        if (notice->failed)
            delivery_defer_unreported(notice->message, notice->indexes[i]);
    }
    if (notice->failed)
        log_info("%s: status=deferred (bounce failed)", notice->message->id);
}

void notice_settle(struct delivery *notice)
{
    struct message *message = notice->message;

    if (notice->withdrawn)
        return;
    if (text_equal(notice->kind, "bounce"))
        settle_bounce(notice);
    else if (text_equal(notice->kind, "delay"))
        message->delay_warned |= !notice->failed;
    else if (notice->failed) /* only a courtesy: the delivery itself must not be repeated for it */
        log_warning("%s: could not send a %s report", message->id, notice->kind);
}
