#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "qmgr/schedule/schedule.h"
#include "util/base/memory.h"

static struct schedule_limits limits;

static void read_limits(void *context, const char *transport, struct schedule_limits *out)
{
    *out = limits;
}

static void set_up(void)
{
    limits = (struct schedule_limits){
        .feedback = { .initial = 2, .maximum = 20, .failed_cohorts = 1, .positive = { FEEDBACK_CONSTANT, 1 },
            .negative = { FEEDBACK_CONSTANT, 1 } },
        .dead_ms = 1000,
        .transport_dead_ms = 500,
    };
}

static const struct schedule_reason refused = { "4.4.1", "connection refused" };

static void finish(struct schedule_entry *entry, int64_t now_ms)
{
    struct schedule_destination *dead;

    assert_false(schedule_finish(entry, NULL, now_ms, &dead));
}

static void a_long_list_does_not_starve_others(void **unused)
{
    struct schedule_entry list[1000] = {0};
    struct schedule_entry single = {0};
    char name[16];

    set_up();
    struct schedule *schedule = schedule_new(read_limits, NULL);
    struct schedule_transport *smtp = schedule_transport(schedule, "smtp");
    for (size_t i = 0; i < COUNT_OF(list); i++) {
        (void)snprintf(name, sizeof(name), "d%zu", i);
        schedule_add(smtp, name, "list", &list[i]);
    }
    assert_ptr_equal(schedule_next(smtp, 0), &list[0]);
    schedule_add(smtp, "other", "single", &single);
    /* at most one round: one more of the list, then it */
    assert_ptr_equal(schedule_next(smtp, 0), &list[1]);
    assert_ptr_equal(schedule_next(smtp, 0), &single);
    schedule_free(schedule);
}

static void a_long_list_shares_its_destination(void **unused)
{
    struct schedule_entry list[100] = {0};
    struct schedule_entry single = {0};
    int started = 0;

    set_up();
    struct schedule *schedule = schedule_new(read_limits, NULL);
    struct schedule_transport *smtp = schedule_transport(schedule, "smtp");
    for (size_t i = 0; i < COUNT_OF(list); i++)
        schedule_add(smtp, "same", "list", &list[i]);
    struct schedule_entry *running = schedule_next(smtp, 0);
    assert_non_null(schedule_next(smtp, 0));
    assert_null(schedule_next(smtp, 0)); /* the window is full: the rest is parked */
    schedule_add(smtp, "same", "single", &single);
    while (running != &single && started++ < 5) {
        finish(running, 0);
        running = schedule_next(smtp, 0);
        assert_non_null(running);
    }
    assert_ptr_equal(running, &single);
    schedule_free(schedule);
}

static void everything_is_delivered_once(void **unused)
{
    struct schedule_entry entries[300] = {0};
    struct schedule_entry *running[64];
    bool seen[COUNT_OF(entries)] = {0};
    const char *messages[] = { "a", "b", "c", "d", "e" };
    const char *destinations[] = { "x", "y", "z" };
    size_t count = 0, done = 0;

    set_up();
    struct schedule *schedule = schedule_new(read_limits, NULL);
    struct schedule_transport *smtp = schedule_transport(schedule, "smtp");
    for (size_t i = 0; i < COUNT_OF(entries); i++)
        schedule_add(smtp, destinations[i % 3], messages[i / 60], &entries[i]);
    while (done < COUNT_OF(entries)) {
        struct schedule_entry *entry;
        while (count < COUNT_OF(running) && (entry = schedule_next(smtp, 0)) != NULL) {
            assert_false(seen[entry - entries]);
            seen[entry - entries] = true;
            running[count++] = entry;
        }
        assert_true(count > 0);
        finish(running[done % count], 0);
        running[done % count] = running[count - 1];
        count--;
        done++;
    }
    assert_int_equal(schedule_waiting(smtp) + schedule_running(smtp), 0);
    schedule_free(schedule);
}

static void a_dead_destination_gives_back_what_waits(void **unused)
{
    struct schedule_entry entries[6] = {0};
    struct schedule_destination *dead = NULL;

    set_up();
    struct schedule *schedule = schedule_new(read_limits, NULL);
    struct schedule_transport *smtp = schedule_transport(schedule, "smtp");
    for (size_t i = 0; i < COUNT_OF(entries); i++)
        schedule_add(smtp, "down", i < 3 ? "a" : "b", &entries[i]);
    struct schedule_entry *first = schedule_next(smtp, 0);
    struct schedule_entry *second = schedule_next(smtp, 0);
    /* window 2: half a cohort, then (window 1) a whole one */
    assert_false(schedule_finish(first, &refused, 0, &dead));
    assert_true(schedule_finish(second, &refused, 0, &dead));
    for (int i = 0; i < 4; i++)
        assert_non_null(schedule_take_suspended(dead));
    assert_null(schedule_take_suspended(dead));
    assert_string_equal(schedule_suspended(smtp, "down", 999)->why, "connection refused");
    assert_null(schedule_suspended(smtp, "up", 999));
    assert_null(schedule_suspended(smtp, "down", 1000));
    schedule_free(schedule);
}

static void a_flush_revives_the_dead(void **unused)
{
    struct schedule_entry entries[2] = {0};
    struct schedule_destination *dead = NULL;

    set_up();
    limits.feedback.initial = 1;
    struct schedule *schedule = schedule_new(read_limits, NULL);
    struct schedule_transport *smtp = schedule_transport(schedule, "smtp");
    schedule_add(smtp, "down", "a", &entries[0]);
    assert_true(schedule_finish(schedule_next(smtp, 0), &refused, 0, &dead));
    assert_non_null(schedule_suspended(smtp, "down", 1));
    schedule_transport_fail(smtp, &refused, 0);
    assert_non_null(schedule_suspended(smtp, "up", 1));
    schedule_revive(schedule);
    assert_null(schedule_suspended(smtp, "down", 1));
    assert_null(schedule_suspended(smtp, "up", 1));
    schedule_free(schedule);
}

static void rate_delays_are_kept(void **unused)
{
    struct schedule_entry entries[3] = {0};

    set_up();
    limits.destination_delay_ms = 100;
    struct schedule *schedule = schedule_new(read_limits, NULL);
    struct schedule_transport *smtp = schedule_transport(schedule, "smtp");
    schedule_add(smtp, "slow", "a", &entries[0]);
    schedule_add(smtp, "slow", "b", &entries[1]);
    struct schedule_entry *first = schedule_next(smtp, 0);
    assert_null(schedule_next(smtp, 0)); /* one at a time */
    finish(first, 10);
    assert_null(schedule_next(smtp, 50));
    assert_int_equal(schedule_wake_ms(smtp, 50), 110);
    assert_ptr_equal(schedule_next(smtp, 110), &entries[1]);
    schedule_free(schedule);
}

static void an_order_that_did_not_begin_comes_first_again(void **unused)
{
    struct schedule_entry entries[2] = {0};

    set_up();
    struct schedule *schedule = schedule_new(read_limits, NULL);
    struct schedule_transport *smtp = schedule_transport(schedule, "smtp");
    schedule_add(smtp, "x", "a", &entries[0]);
    schedule_add(smtp, "x", "a", &entries[1]);
    struct schedule_entry *first = schedule_next(smtp, 0);
    schedule_requeue(first);
    assert_ptr_equal(schedule_next(smtp, 0), first);
    assert_int_equal(schedule_running(smtp), 1);
    schedule_free(schedule);
}

static void feedback_rates_are_read(void **unused)
{
    static const struct {
        const char *text;
        bool good;
        int kind;
        double number;
    } cases[] = {
        { "1", true, FEEDBACK_CONSTANT, 1 },
        { " 1 / 4 ", true, FEEDBACK_CONSTANT, 0.25 },
        { "0.5/concurrency", true, FEEDBACK_PER_CONCURRENCY, 0.5 },
        { "1 / sqrt_concurrency", true, FEEDBACK_PER_SQRT, 1 },
        { "2", false, 0, 0 },
        { "-1", false, 0, 0 },
        { "1/0", false, 0, 0 },
        { "1/x", false, 0, 0 },
        { "", false, 0, 0 },
        { "nan", false, 0, 0 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct feedback_rate rate;
        assert_int_equal(feedback_parse(cases[i].text, &rate), cases[i].good);
        if (cases[i].good) {
            assert_int_equal(rate.kind, cases[i].kind);
            assert_true(rate.number == cases[i].number);
        }
    }
}

struct seen_change {
    int before;
    int after;
    bool reached;
};
static struct seen_change seen_change;

static void see_change(void *context, const struct schedule_transport *transport, const char *destination,
    const struct feedback *before, const struct feedback *after, bool reached)
{
    assert_string_equal(schedule_transport_name(transport), "smtp");
    assert_string_equal(destination, "x");
    seen_change = (struct seen_change){ before->window, after->window, reached };
}

static void changes_of_a_window_are_told(void **unused)
{
    static const struct { bool reached; double cohorts; struct seen_change expected; } cases[] = {
        { true, 0, { 3, 4, true } },
        { false, 0, { 3, 1, false } }, /* a whole step, and another for the half of it that is left */
        { false, 0.1, { 3, 0, false } },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct schedule_entry entry = {0};
        struct schedule_destination *dead;
        set_up();
        limits.feedback.initial = 3;
        limits.feedback.failed_cohorts = cases[i].cohorts;
        limits.feedback.positive = limits.feedback.negative = (struct feedback_rate){ .kind = FEEDBACK_CONSTANT, .number = 1 };
        struct schedule *schedule = schedule_new(read_limits, NULL);
        schedule_observe(schedule, see_change);
        struct schedule_transport *smtp = schedule_transport(schedule, "smtp");
        schedule_add(smtp, "x", "message", &entry);
        assert_ptr_equal(schedule_next(smtp, 0), &entry);
        if (schedule_finish(&entry, cases[i].reached ? NULL : &refused, 0, &dead))
            assert_null(schedule_take_suspended(dead));
        assert_int_equal(seen_change.before, cases[i].expected.before);
        assert_int_equal(seen_change.after, cases[i].expected.after);
        assert_int_equal(seen_change.reached, cases[i].expected.reached);
        schedule_free(schedule);
    }
}

static void concurrency_grows_and_shrinks_within_limits(void **unused)
{
    struct feedback feedback;

    set_up();
    limits.feedback.failed_cohorts = 0;
    limits.feedback.initial = 5;
    feedback_start(&feedback, &limits.feedback);
    for (int i = 0; i < 100; i++)
        feedback_succeed(&feedback, &limits.feedback, feedback.window);
    assert_int_equal(feedback.window, 20);
    for (int i = 0; i < 100; i++)
        assert_false(feedback_fail(&feedback, &limits.feedback));
    assert_int_equal(feedback.window, 1);
    feedback_start(&feedback, &limits.feedback);
    feedback_succeed(&feedback, &limits.feedback, 0); /* nobody needs more */
    assert_int_equal(feedback.window, 5);
}

static void riders_share_one_place_in_the_window(void **unused)
{
    struct schedule_entry entries[8] = {0};
    char message[8];

    set_up();
    limits.feedback.maximum = 2;
    struct schedule *schedule = schedule_new(read_limits, NULL);
    struct schedule_transport *local = schedule_transport(schedule, "local");
    for (size_t i = 0; i < COUNT_OF(entries); i++)
        schedule_add(local, "user", &message[i], &entries[i]);
    struct schedule_entry *first = schedule_next(local, 0);
    assert_ptr_equal(first, &entries[0]);
    assert_int_equal(schedule_riders(first), 0);
    schedule_let_ride(first, 2);
    assert_int_equal(schedule_riders(first), 2);
    assert_ptr_equal(schedule_next_along(first), &entries[1]);
    assert_ptr_equal(schedule_next_along(first), &entries[2]);
    assert_ptr_equal(schedule_next(local, 0), &entries[3]); /* the second place of two */
    assert_null(schedule_next(local, 0));
    finish(first, 0);
    finish(&entries[1], 0);
    assert_null(schedule_next(local, 0)); /* the last of the three still has the place */
    schedule_requeue(&entries[2]);
    assert_ptr_equal(schedule_next(local, 0), &entries[2]);
    assert_int_equal(schedule_running(local), 2);
    schedule_free(schedule);
}

static void a_destination_has_many_when_more_wait_or_several_run(void **unused)
{
    static const struct { size_t added, started; bool many; } cases[] = {
        { 1, 1, false },
        { 2, 1, true }, /* one waits */
        { 2, 2, false },
        { SCHEDULE_MANY_RUN - 1, SCHEDULE_MANY_RUN - 1, false },
        { SCHEDULE_MANY_RUN, SCHEDULE_MANY_RUN, true },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct schedule_entry entries[SCHEDULE_MANY_RUN] = {0};
        set_up();
        limits.feedback.initial = SCHEDULE_MANY_RUN;
        struct schedule *schedule = schedule_new(read_limits, NULL);
        struct schedule_transport *smtp = schedule_transport(schedule, "smtp");
        for (size_t n = 0; n < cases[i].added; n++)
            schedule_add(smtp, "same", &entries[n], &entries[n]);
        for (size_t n = 0; n < cases[i].started; n++)
            assert_non_null(schedule_next(smtp, 0));
        assert_int_equal(schedule_has_many(&entries[0]), cases[i].many);
        schedule_free(schedule);
    }
}

static void a_pause_between_deliveries_lets_none_ride(void **unused)
{
    struct schedule_entry entries[2] = {0};

    set_up();
    limits.destination_delay_ms = 100;
    struct schedule *schedule = schedule_new(read_limits, NULL);
    struct schedule_transport *local = schedule_transport(schedule, "local");
    for (size_t i = 0; i < COUNT_OF(entries); i++)
        schedule_add(local, "user", &entries[i], &entries[i]);
    struct schedule_entry *first = schedule_next(local, 0);
    schedule_let_ride(first, 2);
    assert_null(schedule_next_along(first));
    schedule_free(schedule);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_list_does_not_starve_others),
        cmocka_unit_test(a_long_list_shares_its_destination),
        cmocka_unit_test(everything_is_delivered_once),
        cmocka_unit_test(a_dead_destination_gives_back_what_waits),
        cmocka_unit_test(a_flush_revives_the_dead),
        cmocka_unit_test(rate_delays_are_kept),
        cmocka_unit_test(an_order_that_did_not_begin_comes_first_again),
        cmocka_unit_test(feedback_rates_are_read),
        cmocka_unit_test(changes_of_a_window_are_told),
        cmocka_unit_test(concurrency_grows_and_shrinks_within_limits),
        cmocka_unit_test(riders_share_one_place_in_the_window),
        cmocka_unit_test(a_destination_has_many_when_more_wait_or_several_run),
        cmocka_unit_test(a_pause_between_deliveries_lets_none_ride),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
