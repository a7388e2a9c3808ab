#include <string.h>

#include "qmgr/client/agent_inside.h"
#include "qmgr/client/agent_messages.h"
#include "util/base/text.h"

void agent_report(struct agent *agent, struct order *order, struct agent_target *target,
    const struct agent_result *original)
{
    if (target->reported)
        return;
    struct agent_result result = agent_settle(order, &target->recipient, original);
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
    agent_tell(agent, order, target);
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

/* A part that isn't done. */
struct agent_trouble {
    struct agent_trouble *next;
    struct recipient part;
    struct agent_result result;
};

struct agent_parts {
    struct agent_trouble *deferrals;
    struct agent_trouble **deferrals_end;
    struct agent_trouble *failures;
    struct agent_trouble **failures_end;
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

static void add_trouble(struct order *order, struct agent_trouble ***end, const struct recipient *part,
    const struct agent_result *result)
{
    struct agent_trouble *trouble = arena_allocate(order->arena, sizeof(*trouble));

    *trouble = (struct agent_trouble){ .part = *part, .result = keep_result(order, result) };
    trouble->part.address = arena_copy_text(order->arena, part->address);
    **end = trouble;
    *end = &trouble->next;
}

void agent_note_part(struct agent *agent, struct order *order, struct agent_target *target, const struct recipient *part,
    const struct agent_result *result)
{
    struct agent_parts *parts = target->parts;

    if (parts == NULL) {
        parts = target->parts = arena_allocate(order->arena, sizeof(*parts));
        parts->deferrals_end = &parts->deferrals;
        parts->failures_end = &parts->failures;
    }
    if (result->code >= 500) {
        add_trouble(order, &parts->failures_end, part, result);
    } else if (result->code >= 400) {
        add_trouble(order, &parts->deferrals_end, part, result);
    } else if (text_equal(order->kind, "verify") || (order->envelope.flags & ENVELOPE_TRACE)) {
        send_part(agent, order, target, part, result);
    }
}

int agent_report_part(struct agent *agent, struct order *order, struct agent_target *target, const struct recipient *part,
    const struct agent_result *original)
{
    struct agent_result result = agent_settle(order, part, original);

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

static void send_troubles(struct agent *agent, const struct order *order, const struct agent_target *target,
    const struct agent_trouble *trouble, const struct agent_trouble *without)
{
    for (; trouble != NULL; trouble = trouble->next) {
        if (trouble != without)
            send_part(agent, order, target, &trouble->part, &trouble->result);
    }
}

/* Which deferral is the target's own: of something that isn't a recipient, as a command; else the last, which then was told. */
static const struct agent_trouble *find_deferral(const struct agent_parts *parts, const struct agent_target *target, bool *is_own)
{
    const struct agent_trouble *found = NULL;

    *is_own = false;
    for (const struct agent_trouble *deferral = parts->deferrals; deferral != NULL; deferral = deferral->next) {
        bool own = text_equal(deferral->part.address, target->recipient.address);
        if (own || !*is_own)
            found = deferral;
        *is_own |= own;
    }
    return found;
}

/* The first failure becomes the target's verdict, so that the target counts as done only when its sender was told. */
void agent_expanded(struct agent *agent, struct order *order, struct agent_target *target, const char *relay, const char *action)
{
    static const struct agent_result success = { .code = 250, .status = "2.0.0", .why = "alias expanded" };
    static const struct agent_parts nothing;
    const struct agent_parts *parts = target->parts == NULL ? &nothing : target->parts;
    bool is_own;
    const struct agent_trouble *deferral = find_deferral(parts, target, &is_own);
    const struct agent_trouble *first = deferral != NULL ? NULL : parts->failures;
    const struct agent_result *verdict = deferral != NULL ? &deferral->result : first != NULL ? &first->result : &success;

    if (target->reported)
        return;
    if ((target->recipient.notify & NOTIFY_SUCCESS) && !text_equal(order->kind, "verify"))
        send_expanded(agent, order, target, relay, action);
    send_troubles(agent, order, target, parts->failures, first);
    send_troubles(agent, order, target, parts->deferrals, is_own ? deferral : NULL);
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
        .told_by_parts = verdict->code < 300 || (deferral != NULL && !is_own),
    });
    agent_tell(agent, order, target);
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
    agent_tell(agent, order, target);
}
