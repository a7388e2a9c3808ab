/* shutdown.h: the end in order: who takes in and delivers mail first, then the queue manager (so that it learns what became
 * of the last deliveries), then who writes the log. */
#ifndef MASTER_SHUTDOWN_H
#define MASTER_SHUTDOWN_H
#include "master/supervisor.h"

/* Begins to stop all services, step by step. */
void shutdown_start(struct supervisor *supervisor);
/* After a worker ended: the next step, if it was the last one of this step. */
void shutdown_go_on(struct supervisor *supervisor);
#endif
