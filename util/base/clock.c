#include "util/base/clock.h"

#include <limits.h>
#include <time.h>

int64_t clock_monotonic_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* can't fail for this clock */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_wall_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now); /* can't fail for this clock */
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_deadline_s(int64_t seconds_from_now)
{
    int64_t ms;

    if (__builtin_mul_overflow(seconds_from_now, 1000, &ms)
        || __builtin_add_overflow(ms, clock_monotonic_ms(), &ms))
        return CLOCK_NEVER;
    return ms;
}

int clock_left_ms(int64_t deadline_ms)
{
    if (deadline_ms == CLOCK_NEVER)
        return -1;
    int64_t left = deadline_ms - clock_monotonic_ms();
    return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

void clock_sleep_s(int64_t seconds)
{
    struct timespec left = { .tv_sec = seconds };

    while (nanosleep(&left, &left) != 0)
        ;
}
