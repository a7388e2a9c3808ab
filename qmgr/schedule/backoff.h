/* backoff.h: when a deferred message is tried again, and when not any more (postconf(5) minimal_backoff_time,
 * maximal_backoff_time, maximal_queue_lifetime, bounce_queue_lifetime, delay_warning_time). Pure. Seconds. */
#ifndef QMGR_SCHEDULE_BACKOFF_H
#define QMGR_SCHEDULE_BACKOFF_H
#include <stdbool.h>
#include <stdint.h>

struct backoff {
    int64_t minimal_s;
    int64_t maximal_s;
    int64_t lifetime_s;        /* maximal_queue_lifetime */
    int64_t bounce_lifetime_s; /* of messages with the null sender */
    int64_t delay_warning_s;   /* 0: none */
};

/* The wait doubles, in effect: a message waits again as long as it has already waited, within the limits. */
int64_t backoff_next_attempt(const struct backoff *backoff, int64_t arrival_s, int64_t now_s);
bool backoff_is_expired(const struct backoff *backoff, bool null_sender, int64_t arrival_s, int64_t now_s);
bool backoff_is_warning_due(const struct backoff *backoff, int64_t arrival_s, int64_t now_s);
#endif
