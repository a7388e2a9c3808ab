#include <string.h>

#include "qmgr/client/agent_inside.h"
#include "qmgr/client/delivery_log.h"
#include "util/base/clock.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/reason.h"

static bool soft_bounce;
static bool forgets_failures; /* address_verify_negative_cache = no: what a probe that failed found */
static struct maps *status_filter; /* NULL: none */

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

    if (reason_status_length(value) == 0 || (value[0] == '2') != (result->code < 300) || value[strcspn(value, " \t")] == '\0') {
        log_warning("%s: bad status code: %s", maps_title(status_filter), value);
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

struct agent_result agent_settle(struct order *order, const struct recipient *recipient, const struct agent_result *original)
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
