/* The pure parts of postscreen: DNS lists' patterns, and which tests count until when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "smtpd/screen/checks.h"
#include "smtpd/screen/dnsbl_site.h"
#include "util/base/memory.h"

static void sites_match_what_their_filters_say(void **state)
{
    static const struct {
        const char *site;
        unsigned char answer[4];
        bool matches;
        int weight;
    } cases[] = {
        { "bl.example", { 127, 0, 0, 99 }, true, 1 },
        { "bl.example*-3", { 127, 0, 0, 2 }, true, -3 },
        { "bl.example=127.0.0.2*2", { 127, 0, 0, 2 }, true, 2 },
        { "bl.example=127.0.0.2*2", { 127, 0, 0, 3 }, false, 2 },
        { "bl.example=127.0.0.[2..11]", { 127, 0, 0, 11 }, true, 1 },
        { "bl.example=127.0.0.[2..11]", { 127, 0, 0, 12 }, false, 1 },
        { "bl.example=127.0.[0;5;7..9].1", { 127, 0, 8, 1 }, true, 1 },
        { "bl.example=127.0.[0;5;7..9].1", { 127, 0, 6, 1 }, false, 1 },
        { "bl.example=[0..255].[0..255].[0..255].[255]", { 1, 2, 3, 255 }, true, 1 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena *arena = arena_new();
        struct dnsbl_site site;
        struct str why = {0};
        assert_true(dnsbl_site_parse(cases[i].site, arena, &site, &why));
        assert_string_equal(site.domain, "bl.example");
        assert_int_equal(dnsbl_site_matches(&site, cases[i].answer), cases[i].matches);
        assert_int_equal(site.weight, cases[i].weight);
        str_free(&why);
        arena_free(arena);
    }
}

static void bad_sites_are_refused(void **state)
{
    static const char *const cases[] = { "", "=127.0.0.1", "a=127.0.0", "a=127.0.0.256", "a=127.0.0.[2..1]", "a=127.0.0.[",
        "a=127.0.0.[]", "a=127.0.0.[1", "a=127.0.0.[1;", "a=127.0.0.1.", "a=", "a*", "a*x", "a*99999999999", "*1",
        "a=127.0.0.[99999999999999999999]" };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena *arena = arena_new();
        struct dnsbl_site site;
        struct str why = {0};
        assert_false(dnsbl_site_parse(cases[i], arena, &site, &why));
        assert_true(why.length > 0);
        str_free(&why);
        arena_free(arena);
    }
}

static void names_to_ask_for_are_backwards(void **state)
{
    static const struct {
        const char *address;
        const char *name;
    } cases[] = {
        { "192.0.2.1", "1.2.0.192.bl.example" },
        { "2001:db8::1",
          "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.example" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct ip_address address;
        struct str name = {0};
        assert_true(ip_address_parse(cases[i].address, &address));
        dnsbl_site_put_name(&address, "bl.example", &name);
        assert_string_equal(str_text(&name), cases[i].name);
        str_free(&name);
    }
}

static void what_was_passed_is_not_asked_again_until_it_expires(void **state)
{
    enum { NOW = 1000000 };
    const unsigned enabled = 1U << CHECK_PREGREET | 1U << CHECK_PIPELINING;
    struct checks checks;
    struct str entry = {0};

    assert_true(checks_start(&checks, NULL, enabled, NOW));
    assert_int_equal(checks.todo, enabled);
    checks_pass(&checks, CHECK_PREGREET, NOW + 10);
    assert_false(checks_are_done(&checks));
    checks_pass(&checks, CHECK_PIPELINING, NOW + 100);
    assert_true(checks_are_done(&checks));
    checks_put(&checks, &entry);
    assert_string_equal(str_text(&entry), "1000010;1;1000100;1;1");
    assert_int_equal(checks_latest(str_text(&entry)), NOW + 100);
    assert_true(checks_start(&checks, str_text(&entry), enabled, NOW + 9));
    assert_int_equal(checks.todo, 0);
    assert_true(checks_start(&checks, str_text(&entry), enabled, NOW + 10));
    assert_int_equal(checks.todo, 1U << CHECK_PREGREET);
    assert_true(checks.is_known);
    str_free(&entry);
}

static void who_is_refused_keeps_nothing(void **state)
{
    struct checks checks;

    (void)checks_start(&checks, NULL, CHECK_EARLY_BITS, 100);
    checks_pass(&checks, CHECK_DNSBL, 200);
    checks_fail(&checks, CHECK_PREGREET, false);
    checks_pass(&checks, CHECK_PREGREET, 200);
    assert_false(checks_are_done(&checks));
    assert_true(checks_are_worth_keeping(&checks));
    checks_fail(&checks, CHECK_PREGREET, true);
    assert_false(checks_are_worth_keeping(&checks));
}

static void a_bad_entry_makes_a_new_client(void **state)
{
    static const char *const cases[] = { "", "1", "1;2;3;4", "1;2;3;4;x", "a;b;c;d;e", "1;;1;1;1", "-1;1;1;1;1",
        "99999999999999999999;1;1;1;1", "1;1;1;1;1x" };
    struct checks checks;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_false(checks_start(&checks, cases[i], CHECK_EARLY_BITS, 100));
        assert_int_equal(checks.todo, CHECK_EARLY_BITS);
    }
    assert_true(checks_start(&checks, "1;2;3;4;5;6", CHECK_EARLY_BITS, 100)); /* of a later version */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sites_match_what_their_filters_say),
        cmocka_unit_test(bad_sites_are_refused),
        cmocka_unit_test(names_to_ask_for_are_backwards),
        cmocka_unit_test(what_was_passed_is_not_asked_again_until_it_expires),
        cmocka_unit_test(who_is_refused_keeps_nothing),
        cmocka_unit_test(a_bad_entry_makes_a_new_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
