#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "delivery/smtp/smtp_srv.h"
#include "util/base/memory.h"

enum { RECORDS_MAX = 8, ROUNDS = 4000 };

/* Words "priority/weight"; a name is the position at the start. */
static size_t make(const unsigned pairs[][2], size_t count, struct dns_record *records)
{
    static const char *const names[RECORDS_MAX] = { "0", "1", "2", "3", "4", "5", "6", "7" };

    for (size_t i = 0; i < count; i++)
        records[i] = (struct dns_record){ .type = DNS_SRV, .preference = (uint16_t)pairs[i][0],
            .weight = (uint16_t)pairs[i][1], .name = names[i] };
    return count;
}

static void check_names(const struct dns_record *records, size_t count, const char *expected)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(records[i].name[0], expected[i]);
    assert_int_equal(expected[count], '\0');
}

static uint32_t least(uint32_t bound)
{
    return 0;
}

static uint32_t most(uint32_t bound)
{
    return bound - 1;
}

static uint32_t seed;

static uint32_t some(uint32_t bound)
{
    seed = seed * 1664525 + 1013904223;
    return (uint32_t)(((uint64_t)seed * bound) >> 32);
}

static void lower_priorities_come_first_whatever_the_lot(void **unused)
{
    static const unsigned pairs[][2] = { { 20, 100 }, { 10, 0 }, { 30, 65535 }, { 10, 5 }, { 20, 1 } };
    struct dns_record records[RECORDS_MAX];

    smtp_srv_order(records, make(pairs, 5, records), least);
    check_names(records, 5, "13042");
    smtp_srv_order(records, make(pairs, 5, records), most);
    check_names(records, 5, "31402");
    smtp_srv_order(records, 0, most);
}

static void a_server_is_first_as_often_as_its_weight_says(void **unused)
{
    static const unsigned pairs[][2] = { { 0, 3 }, { 0, 1 }, { 0, 0 } };
    struct dns_record records[RECORDS_MAX];
    unsigned first[3] = { 0, 0, 0 };

    for (int i = 0; i < ROUNDS; i++) {
        size_t count = make(pairs, 3, records);
        smtp_srv_order(records, count, some);
        first[records[0].name[0] - '0']++;
    }
    /* The number is drawn from 0 to 4: 0 is the weightless one's. */
    assert_in_range(first[0], ROUNDS * 3 / 5 - ROUNDS / 20, ROUNDS * 3 / 5 + ROUNDS / 20);
    assert_in_range(first[1], ROUNDS / 5 - ROUNDS / 20, ROUNDS / 5 + ROUNDS / 20);
    assert_in_range(first[2], ROUNDS / 5 - ROUNDS / 20, ROUNDS / 5 + ROUNDS / 20);
}

static void the_root_is_no_server(void **unused)
{
    struct dns_record records[] = { { .name = "" }, { .name = "a" }, { .name = "" }, { .name = "b" } };

    assert_int_equal(smtp_srv_drop_null(records, 4), 2);
    check_names(records, 2, "ab");
    assert_int_equal(smtp_srv_drop_null(records, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lower_priorities_come_first_whatever_the_lot),
        cmocka_unit_test(a_server_is_first_as_often_as_its_weight_says),
        cmocka_unit_test(the_root_is_no_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
