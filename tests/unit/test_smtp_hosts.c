#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "delivery/smtp/smtp_hosts.h"

/* Lists are written as words of two characters: preference digit, family 4 or 6; the name is the position at the start. */
static size_t make(const char *text, struct smtp_host *list)
{
    static const char *const names[] = { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9" };
    size_t count = 0;

    for (; text[0] != '\0'; text += text[2] == ' ' ? 3 : 2, count++) {
        list[count] = (struct smtp_host){ .name = names[count], .preference = (unsigned)(text[0] - '0') };
        list[count].address.ss_family = text[1] == '6' ? AF_INET6 : AF_INET;
    }
    return count;
}

static void check_names(const struct smtp_host *list, size_t count, const char *expected)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(list[i].name[0], expected[i]);
    assert_int_equal(expected[count], '\0');
}

static void better_preference_comes_first_then_the_wanted_family(void **unused)
{
    struct smtp_host list[10];
    size_t count = make("24 16 14 06 24", list);

    smtp_hosts_sort(list, count, AF_UNSPEC);
    check_names(list, count, "31204");
    count = make("24 16 14 06 24", list);
    smtp_hosts_sort(list, count, AF_INET);
    check_names(list, count, "32104");
}

static void the_lot_decides_among_equal_preferences_before_the_family(void **unused)
{
    struct smtp_host list[10];
    size_t count = make("14 16 14 06", list);

    list[0].rank = 2;
    list[1].rank = 2;
    list[2].rank = 1;
    smtp_hosts_sort(list, count, AF_INET6);
    check_names(list, count, "3210");
}

static void the_limit_leaves_both_families_a_share(void **unused)
{
    struct smtp_host list[10];
    size_t count = make("16 16 16 16 24 24", list);

    assert_int_equal(smtp_hosts_limit(list, count, 3, false), 3);
    check_names(list, 3, "012");
    count = make("16 16 16 16 24 24", list);
    assert_int_equal(smtp_hosts_limit(list, count, 3, true), 3);
    check_names(list, 3, "014");
    count = make("16 16 16 16 24 24", list);
    assert_int_equal(smtp_hosts_limit(list, count, 0, true), 6);
    assert_int_equal(smtp_hosts_limit(list, count, 5, true), 5);
    check_names(list, 5, "01245");
}

static void hosts_not_better_than_we_are_left_out(void **unused)
{
    struct smtp_host list[10];
    size_t count = make("04 14 14 24", list);

    assert_int_equal(smtp_hosts_keep_better(list, count, 1), 1);
    assert_int_equal(smtp_hosts_keep_better(list, count, 0), 0);
    assert_int_equal(smtp_hosts_keep_better(list, count, 9), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(better_preference_comes_first_then_the_wanted_family),
        cmocka_unit_test(the_lot_decides_among_equal_preferences_before_the_family),
        cmocka_unit_test(the_limit_leaves_both_families_a_share),
        cmocka_unit_test(hosts_not_better_than_we_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
