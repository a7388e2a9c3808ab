/* feedback.h: how many deliveries to one destination run at a time (SCHEDULER_README: concurrency feedback, pseudo-
 * cohorts). Pure. */
#ifndef QMGR_SCHEDULE_FEEDBACK_H
#define QMGR_SCHEDULE_FEEDBACK_H
#include <stdbool.h>

/* "number", "number/number", "number/concurrency", "number/sqrt_concurrency". */
struct feedback_rate {
    enum { FEEDBACK_CONSTANT, FEEDBACK_PER_CONCURRENCY, FEEDBACK_PER_SQRT } kind;
    double number;
};

/* False: bad syntax or out of 0..1. */
bool feedback_parse(const char *text, struct feedback_rate *rate);

/* What one delivery counts while so many may run. */
double feedback_amount(const struct feedback_rate *rate, int concurrency);

struct feedback_limits {
    int initial;             /* initial_destination_concurrency */
    int maximum;             /* destination_concurrency_limit; 0: none */
    double failed_cohorts;   /* failed_cohort_limit; 0: never dead */
    struct feedback_rate positive;
    struct feedback_rate negative;
};

struct feedback {
    int window;              /* deliveries that may run now; at least 1 */
    double success;
    double failure;
    double failed_cohorts;
};

/* A destination is used for the first time. */
void feedback_start(struct feedback *feedback, const struct feedback_limits *limits);
/* A delivery ended without connection trouble; busy: deliveries that ran, this one included. */
void feedback_succeed(struct feedback *feedback, const struct feedback_limits *limits, int busy);
/* The next hop could not be reached. True: the destination is dead now. */
bool feedback_fail(struct feedback *feedback, const struct feedback_limits *limits);
#endif
