/* feedback_log.h: destination_concurrency_feedback_debug: how the number of concurrent deliveries to a destination changes,
 * and why, in Postfix's words. */
#ifndef QMGR_ACTIVE_FEEDBACK_LOG_H
#define QMGR_ACTIVE_FEEDBACK_LOG_H
#include "qmgr/schedule/schedule.h"

/* One feedback of a transport; parameter: where its value is from. */
void feedback_log_rate(const char *transport, const char *parameter, const struct feedback_rate *rate, int concurrency);
/* A schedule_observer. */
void feedback_log_change(void *context, const struct schedule_transport *transport, const char *destination,
    const struct feedback *before, const struct feedback *after, bool reached);
#endif
