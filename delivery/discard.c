/* discard.c: discard(8): reports mail as delivered, for the reason that stands in the place of the next hop, and does nothing
 * with it. */
#include "delivery/order_loop.h"
#include "util/mail/reason.h"

static void report(void *context, struct agent *agent, struct order *order)
{
    char status[REASON_STATUS_BYTES];
    const char *reason;

    (void)context; /* nothing to remember */
    reason_split(order->next_hop, '2', status, &reason);
    agent_report_rest(agent, order, &(struct agent_result){
        .code = 250,
        .status = status,
        .why = reason,
        .relay = "none",
    });
}

int main(int argc, char **argv)
{
    struct worker *worker = worker_start(argc, argv, "discard");

    worker_confine(worker, CONFINE_NOTHING_MORE);
    order_loop_run(worker, report, NULL);
    return worker_stop(worker);
}
