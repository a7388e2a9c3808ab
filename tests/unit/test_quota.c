#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "smtpd/anvil/quota.h"
#include "smtpd/anvil/quota_file.h"
#include "smtpd/guess_delay.h"
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

static void sums_outlast_a_process(void **unused)
{
    struct quota *before = quota_new();
    struct quota *after = quota_new();
    struct str text = {0};

    assert_int_equal(quota_add(before, "login a\nb 1:x", 3, 3600, 5000), 3);
    assert_int_equal(quota_add(before, "over", 3, 10, 5000), 3);
    assert_true(quota_has_changed(before));
    quota_put(before, 20000, 1000000, &text);
    assert_true(quota_take(after, str_text(&text), text.length, 70000, 1000060));
    assert_int_equal(quota_size(after), 1);
    assert_int_equal(quota_add(after, "login a\nb 1:x", 1, 3600, 70000), 4);
    assert_int_equal(quota_add(after, "login a\nb 1:x", 1, 3600, 70000 + 3520 * 1000), 5);
    assert_int_equal(quota_add(after, "login a\nb 1:x", 1, 3600, 70000 + 3526 * 1000), 1);
    quota_free(before);
    quota_free(after);
    str_free(&text);
}

static void texts_that_are_none_are_refused(void **unused)
{
    static const char *const texts[] = { "x", "1 2 3", "1 10 2000 3:ab\n", "1 10 2000 2:ab", "1 10 2000 2:abc\n", "-1 10 2000 2:ab\n",
        "1 4294967296 2000 2:ab\n", "1 10 99999999999999999999 2:ab\n", "1 10 2000 99999:ab\n", "1  10 2000 2:ab\n" };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct quota *quota = quota_new();
        assert_false(quota_take(quota, texts[i], strlen(texts[i]), 0, 1000));
        assert_int_equal(quota_size(quota), 0);
        quota_free(quota);
    }
}

static void a_name_beyond_all_measure_is_not_kept(void **unused)
{
    struct quota *quota = quota_new();
    char name[8192];

    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(quota_add(quota, name, 3, 10, 0), 3);
    assert_int_equal(quota_add(quota, name, 3, 10, 0), 3);
    assert_int_equal(quota_size(quota), 0);
    quota_free(quota);
}

static void another_name_of_a_foreign_file_is_left_alone(void **unused)
{
    char folder[] = "/tmp/test_quota.XXXXXX";
    char foreign[64];
    char own[64];

    assert_non_null(mkdtemp(folder));
    (void)snprintf(foreign, sizeof(foreign), "%s/foreign", folder);
    (void)snprintf(own, sizeof(own), "%s/anvil_quotas", folder);
    struct config config = { .data_directory = folder };
    int fd = quota_file_open(&config);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(link(own, foreign), 0);
    assert_int_equal(quota_file_open(&config), -1);
    assert_int_equal(unlink(own), 0);
    assert_int_equal(symlink(foreign, own), 0);
    assert_int_equal(quota_file_open(&config), -1);
    assert_int_equal(unlink(own), 0);
    assert_int_equal(mkfifo(own, 0600), 0);
    assert_int_equal(quota_file_open(&config), -1);
    assert_int_equal(unlink(own) | unlink(foreign) | rmdir(folder), 0);
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

static void guesses_wait_longer_each_time(void **unused)
{
    static const struct {
        uint32_t failures;
        int64_t limit_s;
        int64_t delay_s;
    } cases[] = {
        { 0, 10, 0 }, { 1, 10, 0 }, { 3, 10, 0 }, { 4, 10, 1 }, { 5, 10, 2 }, { 7, 10, 8 }, { 8, 10, 10 }, { 4, 0, 0 },
        { 1000, 3600, 3600 }, { UINT32_MAX, 3600, 3600 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(guess_delay_seconds(cases[i].failures, cases[i].limit_s), cases[i].delay_s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_begin_anew_with_each_window),
        cmocka_unit_test(sums_outlast_a_process),
        cmocka_unit_test(texts_that_are_none_are_refused),
        cmocka_unit_test(a_name_beyond_all_measure_is_not_kept),
        cmocka_unit_test(another_name_of_a_foreign_file_is_left_alone),
        cmocka_unit_test(limits_are_read_or_refused),
        cmocka_unit_test(guesses_wait_longer_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
