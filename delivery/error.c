/* error.c: error(8): returns mail, or defers it when the service is called retry, for the reason that stands in the place of
 * the next hop. */
#include "delivery/order_loop.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/reason.h"

static void report(void *context, struct agent *agent, struct order *order)
{
    const bool *defers = context;
    char status[REASON_STATUS_BYTES];
    const char *reason;
    const char *refused_by = envelope_attribute(&order->envelope, ATTRIBUTE_LOG_SERVICE);
    const char *own = *refused_by == '\0' ? NULL : log_set_service(refused_by);

    reason_split(*order->next_hop == '\0' ? "Address is undeliverable" : order->next_hop, *defers ? '4' : '5', status, &reason);
    agent_report_rest(agent, order, &(struct agent_result){
        .code = *defers ? 450 : 550,
        .status = status,
        .why = reason,
        .relay = "none",
    });
    if (own != NULL)
        log_set_service(own);
}

int main(int argc, char **argv)
{
    struct worker *worker = worker_start(argc, argv, "error");
    bool defers = text_equal(worker_service(worker), "retry");

    worker_confine(worker, CONFINE_NOTHING_MORE);
    order_loop_run(worker, report, &defers);
    return worker_stop(worker);
}
