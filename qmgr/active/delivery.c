#include "qmgr/active/delivery.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "qmgr/client/delivery_log.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"

enum {
    TEXT_BYTES_KEPT = 4096, /* of each text that an agent reports */
    PARTS_MAX = 100000,     /* far above what an alias that fails can have */
    PARTS_BYTES_MAX = 64 << 20,
};

bool delivery_is_notice(const struct delivery *delivery)
{
    return !text_equal(delivery->kind, "deliver") && !text_equal(delivery->kind, "verify");
}

/* --- orders --- */

static const char *with_relay(const struct delivery *delivery, const struct target *target)
{
    bool about_delivery = text_equal(delivery->kind, "trace") || text_equal(delivery->kind, "success");

    if (!about_delivery || *target->relay == '\0' || text_equal(target->relay, "none"))
        return target->why;
    return arena_printf(delivery->message->arena, "delivery via %s: %s", target->relay, target->why);
}

/* RFC 3464 action for a notice. */
static const char *action_of(const struct delivery *delivery, const struct target *target)
{
    bool verify = (delivery->message->envelope.flags & ENVELOPE_VERIFY_ONLY) != 0;

    if (verify)
        return target->code < 300 ? "deliverable" : "undeliverable";
    if (target->state == TARGET_DEFERRED)
        return "delayed";
    if (target->code >= 400)
        return "failed";
    return *target->action == '\0' ? "delivered" : target->action;
}

static void send_recipient(const struct delivery *delivery, struct ipc_channel *channel, size_t at)
{
    const struct message *message = delivery->message;
    const struct recipient *recipient = &message->envelope.recipients[delivery->indexes[at]];
    const struct target *target = &message->targets[delivery->indexes[at]];
    struct agent_recipient out = {
        .index = (uint32_t)at,
        .address = delivery->addresses == NULL ? recipient->address : delivery->addresses[at],
        .original = recipient->original,
        .dsn_orcpt = recipient->dsn_orcpt,
        .notify = recipient->notify,
    };

    if (delivery_is_notice(delivery)) {
        if (delivery->notify_whom != NULL) { /* what the sender said isn't this one's business */
            out.original = out.address;
            out.dsn_orcpt = "";
        }
        out.why = with_relay(delivery, target);
        out.status = target->status;
        out.action = action_of(delivery, target);
        out.diagnostic_type = target->diagnostic_type;
        out.diagnostic = target->diagnostic;
        out.remote_mta = target->remote_mta;
    }
    agent_recipient_send(channel, &out);
}

bool delivery_send_order(const struct delivery *delivery, struct ipc_channel *channel)
{
    const struct message *message = delivery->message;
    const struct envelope *envelope = &message->envelope;
    int fd = spool_open_file(message->manager->spool, QUEUE_ACTIVE, message->id, O_RDONLY);

    if (fd < 0)
        return false;
    agent_order_send(channel, &(struct agent_order){
        .kind = delivery->kind,
        .queue_id = message->id,
        .next_hop = delivery->next_hop,
        .affinity = delivery->affinity,
        .has_many = !delivery_is_notice(delivery) && schedule_has_many(&delivery->entry),
        .sender = delivery->sender,
        .notify_whom = delivery->notify_whom,
        .envid = delivery->notify_whom != NULL ? "" : envelope->envid,
        .ret = delivery->notify_whom != NULL ? RET_UNSET : envelope->ret,
        .flags = envelope->flags,
        .size_bytes = envelope->size_bytes,
        .arrival_us = (uint64_t)envelope->arrival_us,
        .active_us = (uint64_t)message->active_us,
        .attributes = { message->attributes, message->attributes_length },
        .content = fd,
    });
    for (size_t i = 0; i < delivery->count; i++)
        send_recipient(delivery, channel, i);
    if (delivery->errors != NULL)
        agent_notice_send(channel, delivery->errors);
    agent_go_send(channel, &(struct agent_go){ .recipient_count = (uint32_t)delivery->count });
    return true;
}

/* --- verdicts --- */

static const char *keep(struct message *message, const char *text)
{
    size_t length = strnlen(text, TEXT_BYTES_KEPT);

    return length == 0 ? "" : arena_copy_bytes(message->arena, text, length);
}

/* What a command said may end in blanks: the log has them, reports and listings don't. */
static const char *keep_trimmed(struct message *message, const char *text)
{
    size_t length = strnlen(text, TEXT_BYTES_KEPT);

    while (length > 0 && text[length - 1] == ' ')
        length--;
    return length == 0 ? "" : arena_copy_bytes(message->arena, text, length);
}

/* RFC 3463: class.subject.detail, and the class must be that of the code. */
static const char *checked_status(struct message *message, const char *status, uint32_t code)
{
    char class = code < 300 ? '2' : code < 500 ? '4' : '5';
    size_t dots = 0;
    size_t length = strlen(status);

    for (size_t i = 0; i < length; i++) {
        if (status[i] == '.')
            dots++;
        else if (!text_is_digit(status[i]))
            dots = 9;
    }
    if (length >= 5 && length <= 9 && dots == 2 && status[0] == class && status[1] == '.')
        return keep(message, status);
    return class == '2' ? "2.0.0" : class == '4' ? "4.0.0" : "5.0.0";
}

static void take_result(struct message *message, struct target *target, const struct agent_verdict *verdict)
{
    target->tried = true;
    target->turn = ++message->turns;
    target->code = (int)verdict->code;
    target->status = checked_status(message, verdict->status, verdict->code);
    target->why = keep_trimmed(message, verdict->why);
    target->relay = keep(message, verdict->relay);
    target->action = keep(message, verdict->action);
    target->diagnostic_type = keep(message, verdict->diagnostic_type);
    target->diagnostic = keep(message, verdict->diagnostic);
    target->remote_mta = keep(message, verdict->remote_mta);
    target->notified_elsewhere = verdict->notified_elsewhere;
    target->owner = verdict->owner == NULL || verdict->code < 500 ? "" : keep(message, verdict->owner);
    target->state = verdict->code < 300 ? TARGET_DONE : verdict->code < 500 ? TARGET_DEFERRED : TARGET_FAILED;
}

/* Recipients are found by their index: arrays that have moved are fine. */
static size_t add_recipient(struct message *message)
{
    size_t count = message->envelope.recipient_count;

    if (message->spare_recipients == 0) {
        struct recipient *recipients = arena_allocate(message->arena, 2 * (count + 1) * sizeof(*recipients));
        struct target *targets = arena_allocate(message->arena, 2 * (count + 1) * sizeof(*targets));
        memcpy(recipients, message->envelope.recipients, count * sizeof(*recipients));
        memcpy(targets, message->targets, count * sizeof(*targets));
        message->envelope.recipients = recipients;
        message->targets = targets;
        message->spare_recipients = count + 2;
    }
    message->spare_recipients--;
    message->envelope.recipient_count++;
    message->manager->recipient_count++;
    return count;
}

/* Of memory, roughly. */
static size_t part_bytes(const struct agent_part *part)
{
    const char *const texts[] = { part->address, part->status, part->why, part->relay, part->action, part->diagnostic_type,
        part->diagnostic, part->remote_mta, part->owner };
    size_t bytes = sizeof(struct recipient) + sizeof(struct target);

    for (size_t i = 0; i < COUNT_OF(texts); i++)
        bytes += strnlen(texts[i], TEXT_BYTES_KEPT) + 1;
    return bytes;
}

struct target *delivery_add_part(struct message *message, size_t parent, const char *address)
{
    size_t index = add_recipient(message);

    message->envelope.recipients[index] = message->envelope.recipients[parent];
    message->envelope.recipients[index].address = keep(message, address);
    message->targets[index] = (struct target){ .is_part = true, .parent = (uint32_t)parent, .marked = true }; /* it isn't in the file */
    return &message->targets[index];
}

bool delivery_take_part(struct delivery *delivery, const struct agent_part *part)
{
    struct message *message = delivery->message;
    size_t bytes = part_bytes(part);

    if (part->index >= delivery->count || delivery->reported[part->index] || delivery_is_notice(delivery)
        || !((part->code >= 200 && part->code < 300) || (part->code >= 400 && part->code < 600))
        || delivery->part_count == PARTS_MAX || bytes > PARTS_BYTES_MAX - delivery->part_bytes)
        return false;
    delivery->part_count++;
    delivery->part_bytes += bytes;
    struct target *target = delivery_add_part(message, delivery->indexes[part->index], part->address);
    message->envelope.recipients[target - message->targets].notify = part->notify;
    take_result(message, target, &(struct agent_verdict){
        .code = part->code,
        .status = part->status,
        .why = part->why,
        .relay = part->relay,
        .action = part->action,
        .diagnostic_type = part->diagnostic_type,
        .diagnostic = part->diagnostic,
        .remote_mta = part->remote_mta,
        .owner = part->owner,
    });
    return true;
}

static bool has_waiting_part(const struct message *message, size_t parent)
{
    for (size_t i = parent + 1; i < message->envelope.recipient_count; i++) { /* parts come behind all others */
        if (message->targets[i].is_part && message->targets[i].parent == parent && message->targets[i].state == TARGET_DEFERRED)
            return true;
    }
    return false;
}

/* in_use: the address that the agent was given, which routing may have changed ("user%host@here"). */
static void take_target(struct message *message, size_t index, const struct agent_verdict *verdict, const char *in_use)
{
    struct target *target = &message->targets[index];
    bool is_final = verdict->code < 300 || verdict->code >= 500;

    take_result(message, target, verdict);
    target->told_by_parts = target->state == TARGET_DEFERRED && verdict->told_by_parts && has_waiting_part(message, index);
    if (target->told_by_parts) {
        target->tried = false;
    } else if (verdict->told_by_parts && verdict->code < 300) {
        target->tried = false;
        target->notified_elsewhere = true;
    }
    /* In memory only: another attempt begins with the recipient. */
    if (verdict->code >= 500 && *verdict->failed_address != '\0')
        message->envelope.recipients[index].address = keep(message, verdict->failed_address);
    else if (is_final && in_use != NULL && !text_equal(in_use, message->envelope.recipients[index].address))
        message->envelope.recipients[index].address = keep(message, in_use);
}

bool delivery_take_verdict(struct delivery *delivery, const struct agent_verdict *verdict)
{
    if (verdict->index >= delivery->count || delivery->reported[verdict->index] || verdict->code < 200
        || verdict->code > 599 || (verdict->code >= 300 && verdict->code < 400))
        return false;
    delivery->reported[verdict->index] = true;
    if (delivery_is_notice(delivery))
        delivery->failed |= verdict->code >= 300;
    else
        take_target(delivery->message, delivery->indexes[verdict->index], verdict,
            delivery->addresses == NULL ? NULL : delivery->addresses[verdict->index]);
    return true;
}

/* --- deferring without an agent --- */

static void log_deferred(const struct message *message, size_t index, const struct target *target)
{
    const struct recipient *recipient = &message->envelope.recipients[index];
    int64_t now_us = clock_wall_us();
    const char *service = log_set_service(message->manager->config->error_service_name);

    delivery_log(&(struct delivery_log){
        .queue_id = message->id,
        .to = recipient->address,
        .original = recipient->original,
        .relay = "none",
        .arrival_us = message->envelope.arrival_us,
        .active_us = message->active_us,
        .received_us = now_us,
        .now_us = now_us,
        .dsn = target->status,
        .status = "deferred",
        .why = target->why,
    });
    (void)log_set_service(service);
}

static void set_deferred(struct message *message, size_t index, const char *status, const char *why)
{
    take_result(message, &message->targets[index], &(struct agent_verdict){
        .code = 450,
        .status = status,
        .why = why,
        .relay = "none",
        .action = "",
        .diagnostic_type = "",
        .diagnostic = "",
        .remote_mta = "",
        .failed_address = "",
    });
}

void delivery_defer_target(struct message *message, size_t index, const char *status, const char *why)
{
    set_deferred(message, index, status, why);
    log_deferred(message, index, &message->targets[index]);
}

void delivery_defer_unreported(struct message *message, size_t index)
{
    set_deferred(message, index, "4.3.0", "");
}

bool delivery_is_unanswered(const struct delivery *delivery)
{
    for (size_t i = 0; i < delivery->count; i++) {
        if (delivery->reported[i])
            return false;
    }
    return delivery->part_count == 0 && !delivery_is_notice(delivery);
}

void delivery_defer_silently(struct delivery *delivery)
{
    for (size_t i = 0; i < delivery->count; i++) {
        delivery->reported[i] = true;
        set_deferred(delivery->message, delivery->indexes[i], "4.3.0", "");
    }
}

void delivery_defer_rest(struct delivery *delivery, const char *status, const char *why)
{
    for (size_t i = 0; i < delivery->count; i++) {
        if (delivery->reported[i])
            continue;
        delivery->reported[i] = true;
        if (delivery_is_notice(delivery))
            delivery->failed = true;
        else
            delivery_defer_target(delivery->message, delivery->indexes[i], status, why);
    }
}
