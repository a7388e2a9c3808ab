#include "qmgr/active/outcome.h"

#include <errno.h>
#include <string.h>

#include "qmgr/active/notice.h"
#include "qmgr/active/refill.h"
#include "util/base/clock.h"
#include "util/log/log.h"

/* --- the message --- */

/* Its successor doesn't get it before the last agent has told what it did. */
static void give_back_if_idle(struct message *message)
{
    if (message->giving_back && !message->released && message->running == 0)
        message_release(message, QUEUE_INCOMING);
}

static bool has_deferred(const struct message *message)
{
    for (size_t i = 0; i < message->envelope.recipient_count; i++) {
        if (message->targets[i].state != TARGET_DONE)
            return true;
    }
    return false;
}

static void remove_message(const struct message *message)
{
    if (places_retire(message->manager->places, QUEUE_ACTIVE, message->id) || message_remove_file(message))
        log_info("%s: removed", message->id);
    else if (errno != ENOENT) /* else postsuper -d was faster */
        log_warning("%s: remove queue file: %m", message->id);
}

static void conclude(struct message *message)
{
    struct manager *manager = message->manager;
    int64_t now_s = clock_wall_us() / 1000000;

    if (has_deferred(message)) {
        int64_t next_s = backoff_next_attempt(&manager->backoff, message->envelope.arrival_us / 1000000, now_s);
        log_debug("%s: deferred for %lld seconds", message->id, (long long)(next_s - now_s));
        (void)message_store_retry(message, next_s, message->delay_warned); /* says itself what went wrong */
    } else {
        remove_message(message);
    }
    message_free(message);
    refill_wake(manager->refill);
}

void outcome_message(struct message *message)
{
    if (message->released)
        return;
    if (!message->notifying) {
        message->notifying = true;
        notice_order(message);
    }
    if (message->deliveries == 0)
        conclude(message);
}

/* --- deliveries --- */

static bool has_unmarked(const struct delivery *delivery)
{
    for (size_t i = 0; i < delivery->count; i++) {
        const struct target *target = &delivery->message->targets[delivery->indexes[i]];
        if (target->state == TARGET_DONE && !target->marked)
            return true;
    }
    return false;
}

/* A delivery is over; what it settled is in the recipients' states. The marks go to the file as long as other work
 * on the message goes on, so that a crash of this process repeats nothing; a message that is done altogether is
 * just removed. */
static void end_delivery(struct delivery *delivery)
{
    struct message *message = delivery->message;

    if (delivery_is_notice(delivery))
        notice_settle(delivery);
    message->deliveries--;
    if (message->deliveries == 0) {
        outcome_message(message);
        return;
    }
    if (has_unmarked(delivery) && !message_mark_done(message) && errno != ENOENT)
        log_warning("%s: mark recipients as done: %m", message->id);
    give_back_if_idle(message);
}

static void end_suspended(struct delivery *delivery, const struct schedule_reason *reason)
{
    if (delivery->message->released)
        return;
    delivery_defer_rest(delivery, reason->status, reason->why);
    end_delivery(delivery);
}

static void suspend_destination(struct schedule_destination *dead, const struct schedule_reason *reason)
{
    struct schedule_entry *entry;

    while ((entry = schedule_take_suspended(dead)) != NULL)
        end_suspended(entry->owner, reason);
}

static void finish(struct delivery *delivery, const struct schedule_reason *unreachable)
{
    struct schedule_destination *dead;
    bool died = schedule_finish(&delivery->entry, unreachable, clock_monotonic_ms(), &dead);

    end_delivery(delivery);
    if (died)
        suspend_destination(dead, unreachable);
}

static void tell_end(const struct delivery *delivery, const struct agent_finished *finished)
{
    size_t counts[TARGET_DEFERRED + 1] = {0};

    if (log_debug_level() == 0)
        return;
    for (size_t i = 0; i < delivery->count; i++)
        counts[delivery->message->targets[delivery->indexes[i]].state]++;
    log_debug("%s: %s ended by %s: %zu done, %zu failed, %zu deferred%s%s", delivery->message->id, delivery->kind,
        schedule_transport_name(schedule_entry_transport(&delivery->entry)), counts[TARGET_DONE], counts[TARGET_FAILED],
        counts[TARGET_DEFERRED], finished->unreachable ? "; unreachable: " : "", finished->unreachable ? finished->why : "");
}

static void on_finished(struct delivery *delivery, const struct agent_finished *finished)
{
    struct str why = {0};

    delivery_defer_rest(delivery, "4.3.0", "unknown mail transport error");
    tell_end(delivery, finished);
    if (finished->unreachable) {
        str_printf(&why, "delivery temporarily suspended: %.4096s", finished->why);
        finish(delivery, &(struct schedule_reason){ finished->status, str_text(&why) });
    } else {
        finish(delivery, NULL);
    }
    str_free(&why);
}

static void on_agent_lost(struct delivery *delivery, const char *error)
{
    const char *name = schedule_transport_name(schedule_entry_transport(&delivery->entry));

    if (delivery->message->manager->draining) { /* everything is being stopped: the next start goes on with it */
        (void)message_mark_done(delivery->message); /* costs a repetition at worst */
        delivery->message->giving_back = delivery->message->manager->leaving;
        give_back_if_idle(delivery->message);
        return;
    }
    if (strcmp(error, "malformed response") != 0)
        log_warning("premature end-of-input on private/%s socket: %s", name, error);
    log_warning("private/%s socket: malformed response", name);
    log_warning("transport %s failure -- see a previous warning/fatal/panic logfile record for the problem description",
        name);
    if (delivery_is_unanswered(delivery))
        delivery_defer_silently(delivery); /* the program didn't get as far as this delivery: the lines above tell it all */
    else
        delivery_defer_rest(delivery, "4.3.0", "unknown mail transport error");
    finish(delivery, NULL);
}

static void on_file_lost(struct delivery *delivery, int error)
{
    if (error == ENOENT) {
        /* postsuper -d or -h took it away: nothing is to be delivered now, nobody to be told. What is on hold keeps these
         * recipients. */
        delivery->withdrawn = true;
    } else {
        errno = error;
        log_warning("%s: open queue file: %m", delivery->message->id);
        delivery_defer_rest(delivery, "4.3.0", "queue file open error");
    }
    finish(delivery, NULL);
}

/* Everything that waits for it is deferred. */
static void on_transport_lost(struct delivery *delivery, const char *error)
{
    static const struct schedule_reason reason = { "4.3.0", "mail transport unavailable" };
    struct schedule_transport *transport = schedule_entry_transport(&delivery->entry);
    struct schedule_entry *entry;

    log_warning("connect to transport private/%s: %s", schedule_transport_name(transport), error);
    schedule_transport_fail(transport, &reason, clock_monotonic_ms());
    delivery_defer_rest(delivery, reason.status, reason.why);
    finish(delivery, NULL);
    while ((entry = schedule_take_all(transport)) != NULL)
        end_suspended(entry->owner, &reason);
}

const struct agent_pool_handlers outcome_handlers = {
    .finished = on_finished,
    .agent_lost = on_agent_lost,
    .file_lost = on_file_lost,
    .transport_lost = on_transport_lost,
    .notice = notice_order_errors,
};
