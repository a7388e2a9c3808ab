#include "local/report.h"

#include <errno.h>
#include <stdarg.h>

#include "local/mailbox/maildir_batch.h"
#include "util/log/log.h"

static void put(struct delivery *delivery, const struct step *step, const struct agent_result *result)
{
    struct order *order = delivery->order;
    struct agent_result owned = *result;

    owned.owner = step->owner;
    result = &owned;
    maildir_batch_settle(delivery->local->waiting); /* verdicts go out in the order in which orders came */
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

void report_command(struct delivery *delivery, const struct step *step, int code, const char *status, const char *why,
    const char *diagnostic)
{
    put(delivery, step, &(struct agent_result){
        .code = code,
        .status = status,
        .why = why,
        .relay = delivery->local->service,
        .diagnostic_type = "x-unix",
        .diagnostic = diagnostic,
    });
}

/* What the machine lacks for a moment, or the file's lock, can be had later; what the recipient did with the place can't. */
static void classify(int error, const char **status, int *code)
{
    *code = 450;
    switch (error) {
    case EFBIG:
    case EDQUOT:
        *code = 550;
        *status = "5.2.2";
        return;
    case ENOSPC:
    case EILSEQ:
    case EIO:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        *status = "4.3.0";
        return;
    case EAGAIN:
    case EINTR:
    case ESTALE:
    case EROFS:
        *status = "4.2.0";
        return;
    default:
        *code = 550;
        *status = "5.2.0";
    }
}

void report_error(struct delivery *delivery, const struct step *step, int error, const char *what, const char *why)
{
    const char *status;
    int code;

    if (error == EILSEQ)
        log_warning("%s: queue file can't be read", delivery->order->queue_id);
    classify(error, &status, &code);
    report(delivery, step, code, status, "%s%s", what, why);
}

void report_waiting(struct delivery *delivery)
{
    maildir_batch_settle(delivery->local->waiting);
    (void)agent_flush(delivery->agent); /* a queue manager that is gone shows with the next order */
}

void report_end(struct delivery *delivery)
{
    if (delivery->target->reported)
        return;
    maildir_batch_settle(delivery->local->waiting);
    agent_expanded(delivery->agent, delivery->order, delivery->target, delivery->local->service,
        delivery->has_owner ? "delivered" : "expanded");
}
