#include "local/report.h"

#include <stdarg.h>

#include "util/base/text.h"

static void put(struct delivery *delivery, const struct step *step, const struct agent_result *result)
{
    struct order *order = delivery->order;

    if (!delivery->expanded && step->parent == NULL) {
        agent_report(delivery->agent, order, delivery->target, result);
    } else {
        int code = agent_report_part(delivery->agent, order, delivery->target, &step->recipient, result);
        delivery->deferred |= code >= 400 && code < 500;
    }
}

void report(struct delivery *delivery, const struct step *step, int code, const char *status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    const char *why = arena_vprintf(delivery->order->arena, format, arguments);
    va_end(arguments);
    put(delivery, step, &(struct agent_result){ .code = code, .status = status, .why = why, .relay = delivery->local->service });
}

void report_command(struct delivery *delivery, const struct step *step, int code, const char *status, const char *why)
{
    put(delivery, step, &(struct agent_result){
        .code = code,
        .status = status,
        .why = why,
        .relay = delivery->local->service,
        .diagnostic_type = "x-unix",
        .diagnostic = why,
    });
}

void report_end(struct delivery *delivery)
{
    if (!delivery->target->reported)
        agent_expanded(delivery->agent, delivery->order, delivery->target, delivery->local->service,
            delivery->has_owner ? "delivered" : "expanded");
}
