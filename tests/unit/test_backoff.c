#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "qmgr/schedule/backoff.h"
#include "util/base/memory.h"

static const struct backoff backoff = {
    .minimal_s = 300, .maximal_s = 4000, .lifetime_s = 432000, .bounce_lifetime_s = 86400, .delay_warning_s = 14400,
};

static void a_message_waits_again_as_long_as_it_has_waited(void **unused)
{
    static const struct {
        int64_t arrival_s;
        int64_t now_s;
        int64_t next_s;
    } cases[] = {
        { 1000, 1000, 1300 },
        { 1000, 1299, 1599 },
        { 1000, 1600, 2200 },
        { 1000, 4999, 8998 },
        { 1000, 6000, 10000 },
        { 2000, 1000, 1300 }, /* the clock was set back */
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(backoff_next_attempt(&backoff, cases[i].arrival_s, cases[i].now_s), cases[i].next_s);
}

static void lifetimes_end_with_their_second(void **unused)
{
    struct backoff once = backoff;

    assert_false(backoff_is_expired(&backoff, false, 1000, 1000 + 431999));
    assert_true(backoff_is_expired(&backoff, false, 1000, 1000 + 432000));
    assert_false(backoff_is_expired(&backoff, true, 1000, 1000 + 86399));
    assert_true(backoff_is_expired(&backoff, true, 1000, 1000 + 86400));
    once.lifetime_s = 0;
    assert_true(backoff_is_expired(&once, false, 1000, 1000));
}

static void a_warning_is_due_only_if_wanted(void **unused)
{
    struct backoff never = backoff;

    assert_false(backoff_is_warning_due(&backoff, 0, 14399));
    assert_true(backoff_is_warning_due(&backoff, 0, 14400));
    never.delay_warning_s = 0;
    assert_false(backoff_is_warning_due(&never, 0, 99999999));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_waits_again_as_long_as_it_has_waited),
        cmocka_unit_test(lifetimes_end_with_their_second),
        cmocka_unit_test(a_warning_is_due_only_if_wanted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
