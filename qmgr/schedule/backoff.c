#include "qmgr/schedule/backoff.h"

static int64_t age(int64_t arrival_s, int64_t now_s)
{
    return now_s > arrival_s ? now_s - arrival_s : 0;
}

int64_t backoff_next_attempt(const struct backoff *backoff, int64_t arrival_s, int64_t now_s)
{
    int64_t wait_s = age(arrival_s, now_s);

    if (wait_s > backoff->maximal_s)
        wait_s = backoff->maximal_s;
    if (wait_s < backoff->minimal_s)
        wait_s = backoff->minimal_s;
    return now_s + wait_s;
}

bool backoff_is_expired(const struct backoff *backoff, bool null_sender, int64_t arrival_s, int64_t now_s)
{
    return age(arrival_s, now_s) >= (null_sender ? backoff->bounce_lifetime_s : backoff->lifetime_s);
}

bool backoff_is_warning_due(const struct backoff *backoff, int64_t arrival_s, int64_t now_s)
{
    return backoff->delay_warning_s > 0 && age(arrival_s, now_s) >= backoff->delay_warning_s;
}
