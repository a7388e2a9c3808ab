#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "smtpd/anvil/quota.h"
#include "smtpd/hold_limits.h"
#include "util/base/memory.h"

static void sums_begin_anew_with_each_window(void **unused)
{
    struct quota *quota = quota_new();

    assert_int_equal(quota_add(quota, "a", 3, 10, 0), 3);
    assert_int_equal(quota_add(quota, "b", 1, 10, 0), 1);
    assert_int_equal(quota_add(quota, "a", 4, 10, 9999), 7);
    assert_int_equal(quota_add(quota, "a", 4, 10, 10000), 4);
    assert_int_equal(quota_add(quota, "a", UINT32_MAX, 10, 10001), UINT32_MAX);
    assert_int_equal(quota_size(quota), 2);
    quota_sweep(quota, 10002);
    assert_int_equal(quota_size(quota), 1);
    quota_free(quota);
}

static void limits_are_read_or_refused(void **unused)
{
    static const struct {
        const char *text;
        bool bad;
        struct hold_limit limit;
    } cases[] = {
        { "recipients=200/1h", false, { true, 200, 3600 } },
        { "Messages=0/90", false, { false, 0, 90 } },
        { "messages=1/1d x", false, { false, 1, 86400 } },
        { "messages=1", true, { 0 } },
        { "messages=1/0", true, { 0 } },
        { "messages=-1/1h", true, { 0 } },
        { "messages=1/1y", true, { 0 } },
        { "recipient=1/1h", true, { 0 } },
        { "recipients=4294967296/1h", true, { 0 } },
        { "=/", true, { 0 } },
        { "", false, { 0 } },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *cursor = cases[i].text;
        struct hold_limit limit = { 0 };
        bool bad;
        bool found = hold_limits_next(&cursor, &limit, &bad);
        assert_int_equal(bad, cases[i].bad);
        assert_int_equal(found, !cases[i].bad && cases[i].text[0] != '\0');
        if (!found)
            continue;
        assert_int_equal(limit.counts_recipients, cases[i].limit.counts_recipients);
        assert_int_equal(limit.limit, cases[i].limit.limit);
        assert_int_equal(limit.window_s, cases[i].limit.window_s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_begin_anew_with_each_window),
        cmocka_unit_test(limits_are_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
