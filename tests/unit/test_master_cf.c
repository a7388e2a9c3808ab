#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "util/base/memory.h"
#include "util/config/master_cf.h"

static struct master_cf *parse(const char *text)
{
    struct master_cf *master_cf;
    struct str why = { 0 };

    if (!master_cf_parse("master.cf", text, strlen(text), false, NULL, NULL, &master_cf, &why))
        fail_msg("%s: %s", text, str_text(&why));
    return master_cf;
}

static void columns_have_their_defaults(void **unused)
{
    struct master_cf *master_cf = parse("smtp\tinet n - n - - smtpd\n# c\nflush unix - n - 1000? 0 flush\n  -v\n");

    assert_int_equal(master_cf->count, 2);
    const struct master_cf_entry *smtp = &master_cf->entries[0];
    assert_int_equal(smtp->type, MASTER_CF_INET);
    assert_false(smtp->is_private);
    assert_true(smtp->is_unprivileged);
    assert_false(smtp->is_chroot);
    assert_int_equal(smtp->process_limit, -1);
    assert_int_equal(smtp->wakeup_s, 0);
    const struct master_cf_entry *flush = master_cf_find(master_cf, "flush", "unix");
    assert_true(flush->is_private);
    assert_false(flush->is_unprivileged);
    assert_int_equal(flush->wakeup_s, 1000);
    assert_true(flush->wakeup_if_used);
    assert_int_equal(flush->process_limit, 0);
    assert_int_equal(flush->verbosity, 1);
    assert_int_equal(flush->line, 3);
    assert_null(master_cf_find(master_cf, "flush", "inet"));
    master_cf_free(master_cf);
}

static void options_are_read_in_all_their_forms(void **unused)
{
    struct master_cf *master_cf = parse("x unix - - n - - smtpd -o a=b -oc=d -o { e = f  g }\n   -o { h= } -v -vv -D"
                                        " -o i={p q} flags=X { y z } -o n=o\n");
    static const struct { const char *name; const char *value; } expected[] = {
        { "a", "b" }, { "c", "d" }, { "e", "f  g" }, { "h", "" }, { "i", "{p q}" },
    };
    const struct master_cf_entry *entry = &master_cf->entries[0];

    assert_int_equal(entry->override_count, COUNT_OF(expected));
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        assert_string_equal(entry->overrides[i].name, expected[i].name);
        assert_string_equal(entry->overrides[i].value, expected[i].value);
    }
    assert_int_equal(entry->verbosity, 3);
    assert_true(entry->debug);
    assert_int_equal(entry->argument_count - entry->option_count, 4);
    assert_string_equal(entry->arguments[entry->option_count + 1], "y z");
    assert_null(entry->problem);
    master_cf_free(master_cf);
}

static void errors_are_told_in_postfix_words(void **unused)
{
    static const struct { const char *text; const char *why; } cases[] = {
        { "# c\nx unix - - n - -\n", "file master.cf: line 2: bad field count" },
        { "x tcp - - n - - s\n", "file master.cf: line 1: invalid type field \"tcp\" in \"x tcp - - n - - s\"" },
        { "x unix maybe - n - - s\n", "file master.cf: line 1: invalid private field \"maybe\" in \"x unix maybe - n - - s\"" },
        { "x unix - Y n - - s\n", "file master.cf: line 1: invalid unprivileged field \"Y\" in \"x unix - Y n - - s\"" },
        { "x unix - - x - - s\n", "file master.cf: line 1: invalid chroot field \"x\" in \"x unix - - x - - s\"" },
        { "x unix - - n -5 - s\n", "file master.cf: line 1: invalid wakeup field \"-5\" in \"x unix - - n -5 - s\"" },
        { "x unix - - n - many s\n", "file master.cf: line 1: invalid process_limit field \"many\" in \"x unix - - n - many s\"" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct master_cf *master_cf;
        struct str why = { 0 };
        assert_false(
            master_cf_parse("master.cf", cases[i].text, strlen(cases[i].text), false, NULL, NULL, &master_cf, &why));
        assert_string_equal(str_text(&why), cases[i].why);
        str_free(&why);
    }
}

static void options_that_cant_be_used_are_noted(void **unused)
{
    struct master_cf *master_cf = parse("a unix - - n - - s -o noequal\nb unix - - n - - s -o\n");

    assert_non_null(master_cf->entries[0].problem);
    assert_non_null(master_cf->entries[1].problem);
    master_cf_free(master_cf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_have_their_defaults),
        cmocka_unit_test(options_are_read_in_all_their_forms),
        cmocka_unit_test(errors_are_told_in_postfix_words),
        cmocka_unit_test(options_that_cant_be_used_are_noted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
