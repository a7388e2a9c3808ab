#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "delivery/smtp/smtp_next_hop.h"
#include "util/base/memory.h"

static void forms_are_taken_apart(void **unused)
{
    static const struct {
        bool lmtp;
        const char *text;
        const char *host;
        const char *port;
        bool is_unix;
        bool is_bracketed;
    } cases[] = {
        { false, "example.org", "example.org", "", false, false },
        { false, "example.org:587", "example.org", "587", false, false },
        { false, "example.org:submission", "example.org", "submission", false, false },
        { false, "[mx.example.org]", "mx.example.org", "", false, true },
        { false, "[mx.example.org]:2525", "mx.example.org", "2525", false, true },
        { false, "[192.0.2.1]", "192.0.2.1", "", false, true },
        { false, "[IPv6:2001:db8::1]:25", "2001:db8::1", "25", false, true },
        { false, "[2001:db8::1]", "2001:db8::1", "", false, true },
        { false, "2001:db8::1", "2001:db8::1", "", false, false },
        { true, "unix:private/lmtp", "private/lmtp", "", true, false },
        { true, "inet:[127.0.0.1]:24", "127.0.0.1", "24", false, true },
        { true, "inet:mail.example:2003", "mail.example", "2003", false, false },
        { true, "mail.example", "mail.example", "", false, false },
    };
    struct arena *arena = arena_new();

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct smtp_next_hop hop;
        const char *why = "";
        print_message("%s\n", cases[i].text);
        assert_true(smtp_next_hop_parse(cases[i].text, cases[i].lmtp, arena, &hop, &why));
        assert_string_equal(hop.host, cases[i].host);
        assert_string_equal(hop.port, cases[i].port);
        assert_int_equal(hop.is_unix, cases[i].is_unix);
        assert_int_equal(hop.is_bracketed, cases[i].is_bracketed);
    }
    arena_free(arena);
}

static void malformed_ones_are_refused(void **unused)
{
    static const char *const cases[] = { "[mx.example", "[mx.example]25", "[]", ":25", "inet:192.0.2.1:25", "unix:x:y" };
    struct arena *arena = arena_new();

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct smtp_next_hop hop;
        const char *why = "";
        print_message("%s\n", cases[i]);
        assert_false(smtp_next_hop_parse(cases[i], false, arena, &hop, &why));
        assert_string_not_equal(why, "");
    }
    arena_free(arena);
}

static void lists_are_split_at_commas_and_blanks(void **unused)
{
    struct arena *arena = arena_new();
    const char **members;

    assert_int_equal(smtp_next_hop_list("[a]:1, b.example\t[::1]", arena, &members), 3);
    assert_string_equal(members[0], "[a]:1");
    assert_string_equal(members[1], "b.example");
    assert_string_equal(members[2], "[::1]");
    assert_int_equal(smtp_next_hop_list(" , ", arena, &members), 0);
    arena_free(arena);
}

static void ports_are_numbers_or_known_names(void **unused)
{
    const char *known = "lmtp=24, smtp=25, smtps=submissions=465, submission=587";

    assert_int_equal(smtp_next_hop_port("2525", known), 2525);
    assert_int_equal(smtp_next_hop_port("smtp", known), 25);
    assert_int_equal(smtp_next_hop_port("submissions", known), 465);
    assert_int_equal(smtp_next_hop_port("70000", known), 0);
    assert_int_equal(smtp_next_hop_port("no-such-service", known), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_are_taken_apart),
        cmocka_unit_test(malformed_ones_are_refused),
        cmocka_unit_test(lists_are_split_at_commas_and_blanks),
        cmocka_unit_test(ports_are_numbers_or_known_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
