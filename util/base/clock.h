/* clock.h: time that only goes forward, for deadlines and delays; and the wall clock for dates. */
#ifndef UTIL_BASE_CLOCK_H
#define UTIL_BASE_CLOCK_H
#include <stdbool.h>
#include <stdint.h>

/* For intervals and deadlines: never goes back. */
int64_t clock_monotonic_ms(void);
int64_t clock_wall_us(void); /* microseconds since 1970 */

/* A moment on the monotonic clock, in ms; CLOCK_NEVER waits for ever. */
#define CLOCK_NEVER INT64_MAX
int64_t clock_deadline_s(int64_t seconds_from_now);
/* What is left until a deadline in ms, for poll(2): 0 when it has passed, -1 for CLOCK_NEVER, at most INT_MAX. */
int clock_left_ms(int64_t deadline_ms);

/* Sleeps on through signals, which only set a flag. */
void clock_sleep_s(int64_t seconds);
#endif
