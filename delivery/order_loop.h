/* order_loop.h: the life of an agent that holds nothing between orders (error, discard, ...): connections of the queue
 * manager, and on each one order after the other. */
#ifndef DELIVERY_ORDER_LOOP_H
#define DELIVERY_ORDER_LOOP_H
#include "master/worker/worker.h"
#include "qmgr/client/agent.h"

/* Has to report every target; the order is finished for it. */
typedef void order_handler(void *context, struct agent *agent, struct order *order);

/* Returns when the worker's time is up. */
void order_loop_run(struct worker *worker, order_handler *handle, void *context);
#endif
