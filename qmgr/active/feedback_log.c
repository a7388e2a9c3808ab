#include "qmgr/active/feedback_log.h"

#include "util/log/log.h"

void feedback_log_rate(const char *transport, const char *parameter, const struct feedback_rate *rate, int concurrency)
{
    log_info("%s: %s feedback type %d value at %d: %g", transport, parameter, (int)rate->kind, concurrency,
        feedback_amount(rate, concurrency));
}

void feedback_log_change(void *context, const struct schedule_transport *transport, const char *destination,
    const struct feedback *before, const struct feedback *after, bool reached)
{
    const struct feedback_limits *limits = &schedule_transport_limits(transport)->feedback;
    const char *what = reached ? "qmgr_queue_unthrottle" : "qmgr_queue_throttle";

    if (reached ? limits->maximum == 0 || before->window < limits->maximum : after->window > 0)
        log_info("%s: feedback %g", what, feedback_amount(reached ? &limits->positive : &limits->negative, before->window));
    log_info("%s: queue %s: limit %d window %d success %g failure %g fail_cohorts %g", what, destination, limits->maximum,
        after->window, after->success, after->failure, after->failed_cohorts);
}
