/* Parts of the restrictions that need no network: filters of DNS lists, replies of policy servers, entries of the verify
 * cache, anvil's counters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "smtpd/anvil/tally.h"
#include "smtpd/policy/dns_list.h"
#include "smtpd/policy/policy_reply.h"
#include "smtpd/verify/probe_sender.h"
#include "smtpd/verify/verify_cache.h"
#include "util/base/memory.h"

static void a_filter_takes_numbers_lists_and_ranges(void **unused)
{
    static const struct {
        const char *filter;
        unsigned char octets[4];
        bool matches;
    } cases[] = {
        { "127.0.0.2", { 127, 0, 0, 2 }, true },
        { "127.0.0.2", { 127, 0, 0, 3 }, false },
        { "127.0.0.[2;4..6]", { 127, 0, 0, 4 }, true },
        { "127.0.0.[2;4..6]", { 127, 0, 0, 6 }, true },
        { "127.0.0.[2;4..6]", { 127, 0, 0, 3 }, false },
        { "127.[0..255].[0..255].[0..255]", { 127, 255, 0, 255 }, true },
        { "127.[0..255].[0..255].[0..255]", { 128, 255, 0, 255 }, false },
    };
    struct str why = {0};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct octet_pattern pattern;
        assert_true(octet_pattern_parse(cases[i].filter, &pattern, &why));
        if (octet_pattern_matches(&pattern, cases[i].octets) != cases[i].matches)
            fail_msg("%s, last octet %d", cases[i].filter, cases[i].octets[3]);
    }
    str_free(&why);
}

static void a_bad_filter_is_an_error_that_shows_where(void **unused)
{
    static const char *const bad[] = { "", "127", "127.0.0", "127.0.0.256", "127.0.0.[3", "127.0.0.[5..3]", "127.0.0.2x", "a.b.c.d" };
    struct octet_pattern pattern;
    struct str why = {0};

    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(octet_pattern_parse(bad[i], &pattern, &why));
    assert_false(octet_pattern_parse("127.0.0.[3", &pattern, &why));
    assert_string_equal(str_text(&why), "need \";\" or \"]\" at \"127.0.0.[3><\"");
    str_free(&why);
}

static void addresses_are_reversed_for_lists(void **unused)
{
    struct arena *arena = arena_new();

    assert_string_equal(dns_list_reverse("192.0.2.1", arena), "1.2.0.192");
    assert_string_equal(dns_list_reverse("2001:db8::1", arena),
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2");
    assert_null(dns_list_reverse("unknown", arena));
    arena_free(arena);
}

static enum policy_reply_status feed(struct policy_reply *reply, const char *text)
{
    enum policy_reply_status status = POLICY_REPLY_MORE;

    policy_reply_reset(reply);
    while (status == POLICY_REPLY_MORE && *text != '\0') {
        size_t length = strcspn(text, "\n");
        status = policy_reply_take(reply, text, length);
        text += length + 1;
    }
    return status;
}

static void a_policy_reply_ends_with_an_empty_line_and_has_an_action(void **unused)
{
    static const struct {
        const char *text;
        enum policy_reply_status status;
        const char *action;
    } cases[] = {
        { "action=DUNNO\n\n", POLICY_REPLY_DONE, "DUNNO" },
        { "x=y\naction=REJECT no = never\nz=\n\n", POLICY_REPLY_DONE, "REJECT no = never" },
        { "action=OK\naction=REJECT\n\n", POLICY_REPLY_DONE, "OK" },
        { "\n", POLICY_REPLY_NO_ACTION, "" },
        { "nonsense\n\n", POLICY_REPLY_NO_ACTION, "" },
        { "action=OK\n", POLICY_REPLY_MORE, "OK" },
    };
    struct policy_reply reply = {0};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(feed(&reply, cases[i].text), cases[i].status);
        assert_string_equal(str_text(&reply.action), cases[i].action);
    }
    str_free(&reply.action);
}

static void what_a_probe_found_is_kept_as_postfix_keeps_it(void **unused)
{
    struct verify_entry entry = {0};
    struct str text = {0};

    assert_true(verify_entry_parse("2:0:1700000000:550 5.1.1 no: never", &entry));
    assert_int_equal(entry.state, VERIFY_BOUNCE);
    assert_int_equal(entry.updated_s, 1700000000);
    assert_string_equal(str_text(&entry.text), "550 5.1.1 no: never");
    verify_entry_put(&entry, &text);
    assert_string_equal(str_text(&text), "2:0:1700000000:550 5.1.1 no: never");
    assert_false(verify_entry_parse("9:0:0:x", &entry));
    assert_false(verify_entry_parse("_LAST_CACHE", &entry));
    str_free(&entry.text);
    str_free(&text);
}

static void a_good_address_isnt_lost_by_one_bad_probe(void **unused)
{
    struct config *config;
    struct str why = {0};
    struct verify_entry entry = { .state = VERIFY_OK, .updated_s = 1000 };

    assert_true(config_from_text("", NULL, 0, "verify", &config, &why));
    assert_false(verify_entry_update(config, &entry, VERIFY_BOUNCE, "gone", 2000));
    assert_int_equal(entry.state, VERIFY_OK);
    assert_false(verify_entry_has_expired(config, &entry, 1000 + 31 * 86400));
    assert_true(verify_entry_has_expired(config, &entry, 1001 + 31 * 86400));
    assert_true(verify_entry_wants_probe(config, &entry, 1001 + 7 * 86400));
    entry.state = VERIFY_PENDING;
    assert_true(verify_entry_update(config, &entry, VERIFY_BOUNCE, "gone", 2000));
    assert_int_equal(entry.state, VERIFY_BOUNCE);
    assert_true(verify_entry_has_expired(config, &entry, 2001 + 3 * 86400));
    config_free(config);
    str_free(&entry.text);
    str_free(&why);
}

/* Names and times were told by Postfix: 1795320681 / 3600 s is JQY3 in base 31. */
static void a_sender_of_probes_changes_with_time_and_is_known_for_three_intervals(void **unused)
{
    static const struct {
        const char *address;
        bool known;
    } cases[] = {
        { "dblJQY3@mail.example", true },  { "dblJQY3@MAIL.example", true }, { "DBLJQY3@mail.example", true },
        { "dblJQY2@mail.example", true },  { "dblJQY4@mail.example", true }, { "dblJQY1@mail.example", false },
        { "dblJQY5@mail.example", false }, { "dbljqy3@mail.example", false }, { "dbl@mail.example", false },
        { "dblJQY3@other.example", false }, { "dblJQY3", false },            { "", false },
    };
    struct config *config;
    struct str text = {0};

    assert_true(config_from_text("address_verify_sender = dbl\naddress_verify_sender_ttl = 3600s\nmyorigin = mail.example\n",
        NULL, 0, "verify", &config, &text));
    str_clear(&text);
    probe_sender_put(config, 1795320681, &text);
    assert_string_equal(str_text(&text), "dblJQY3@mail.example");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (probe_sender_is(config, cases[i].address, 1795320681) != cases[i].known)
            fail_msg("%s", cases[i].address);
    }
    str_clear(&text);
    probe_sender_put_plain(config, &text);
    assert_string_equal(str_text(&text), "dbl@mail.example");
    config_free(config);
    str_free(&text);
}

static void counters_begin_anew_with_each_time_unit(void **unused)
{
    struct tally *tally = tally_new(60);
    struct anvil_counts counts;

    struct tally_client *client = tally_count(tally, ANVIL_CONNECT, "smtp", "192.0.2.1", 0, &counts);
    assert_int_equal(counts.connections, 1);
    (void)tally_count(tally, ANVIL_CONNECT, "smtp", "192.0.2.1", 59000, &counts);
    assert_int_equal(counts.connections, 2);
    assert_int_equal(counts.rate, 2);
    (void)tally_count(tally, ANVIL_CONNECT, "smtp", "192.0.2.2", 59000, &counts);
    assert_int_equal(counts.connections, 1);
    tally_disconnect(tally, client);
    (void)tally_count(tally, ANVIL_CONNECT, "smtp", "192.0.2.1", 61000, &counts);
    assert_int_equal(counts.connections, 2);
    assert_int_equal(counts.rate, 1);
    tally_disconnect(tally, client);
    tally_disconnect(tally, client);
    tally_sweep(tally, 200000);
    assert_null(tally_find(tally, "smtp", "192.0.2.1"));
    assert_non_null(tally_find(tally, "smtp", "192.0.2.2"));
    tally_free(tally);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filter_takes_numbers_lists_and_ranges),
        cmocka_unit_test(a_bad_filter_is_an_error_that_shows_where),
        cmocka_unit_test(addresses_are_reversed_for_lists),
        cmocka_unit_test(a_policy_reply_ends_with_an_empty_line_and_has_an_action),
        cmocka_unit_test(what_a_probe_found_is_kept_as_postfix_keeps_it),
        cmocka_unit_test(a_good_address_isnt_lost_by_one_bad_probe),
        cmocka_unit_test(a_sender_of_probes_changes_with_time_and_is_known_for_three_intervals),
        cmocka_unit_test(counters_begin_anew_with_each_time_unit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
