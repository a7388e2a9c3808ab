#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "qmgr/intake/milter/milter_fields.h"
#include "qmgr/intake/milter/milter_settings.h"
#include "qmgr/intake/milter/milter_wire.h"
#include "util/base/memory.h"

static const char block[] = "Received: by us\r\n\tid 1\r\nX-A: 1\r\n..Odd: dot\r\nX-B: b\r\nX-A: 2\r\n";

static struct milter_fields parse(struct arena *arena)
{
    struct milter_fields fields = { .arena = arena };

    milter_fields_parse(&fields, block, strlen(block), "id 1");
    return fields;
}

static void fields_are_read_from_their_stored_form(void **unused)
{
    struct arena *arena = arena_new();
    struct milter_fields fields = parse(arena);

    assert_int_equal(fields.count, 5);
    assert_string_equal(fields.items[0].text, "Received: by us\n\tid 1");
    assert_string_equal(fields.items[2].text, ".Odd: dot");
    arena_free(arena);
}

static void our_own_first_field_is_hidden_from_changes_but_counts_for_insertions(void **unused)
{
    struct arena *arena = arena_new();
    struct milter_fields fields = parse(arena);

    assert_int_equal(milter_fields_find(&fields, "received", 1), fields.count);
    assert_int_equal(milter_fields_find(&fields, "x-a", 0), 1);
    assert_int_equal(milter_fields_find(&fields, "X-A", 2), 4);
    assert_int_equal(milter_fields_find(&fields, "X-A", 3), fields.count);
    milter_fields_insert(&fields, 0, "X-Top: t");
    milter_fields_insert(&fields, 99, "X-End: e");
    assert_string_equal(fields.items[0].text, "X-Top: t");
    assert_string_equal(fields.items[6].text, "X-End: e");
    milter_fields_replace(&fields, 2, NULL);
    assert_string_equal(fields.items[2].text, ".Odd: dot");
    arena_free(arena);
}

static void what_was_put_before_our_own_field_is_shown(void **unused)
{
    static const char prepended[] = "Received-SPF: pass\r\nReceived: by us\r\n\tid 1\r\nReceived: by them id 1\r\n";
    struct arena *arena = arena_new();
    struct milter_fields fields = { .arena = arena };

    milter_fields_parse(&fields, prepended, strlen(prepended), "id 1");
    assert_int_equal(milter_fields_find(&fields, "Received-SPF", 1), 0);
    assert_int_equal(milter_fields_find(&fields, "Received", 1), 2);
    arena_free(arena);
}

static void a_filter_cannot_smuggle_a_field_or_a_line_end_into_a_value(void **unused)
{
    static const struct {
        const char *name;
        const char *value;
        bool keeps_blank;
        const char *text; /* NULL: refused */
    } cases[] = {
        { "X-A", "one", false, "X-A: one" },
        { "X-A", " one", true, "X-A: one" },
        { "X-A", "one\r\n two", false, "X-A: one\n two" },
        { "X-A", "one\nBcc: x", false, "X-A: one\n\tBcc: x" },
        { "X-A", "one\rtwo\r\n", false, "X-A: one two" },
        { "X-A", "", false, "X-A: " },
        { "", "x", false, NULL },
        { "X A", "x", false, NULL },
        { "X-A: y\nX-B", "x", false, NULL },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str text = {0};
        print_message("%s|%s\n", cases[i].name, cases[i].value);
        assert_int_equal(milter_fields_format(cases[i].name, cases[i].value, cases[i].keeps_blank, &text), cases[i].text != NULL);
        if (cases[i].text != NULL)
            assert_string_equal(str_text(&text), cases[i].text);
        str_free(&text);
    }
}

static void reply_codes_are_taken_apart(void **unused)
{
    static const struct {
        const char *wire;
        int code; /* 0: malformed */
        const char *status;
        const char *text;
    } cases[] = {
        { "550 5.7.1 no", 550, "5.7.1", "no" },
        { "550 plain", 550, "", "plain" },
        { "550 4.7.1 contradiction", 0, "", "" },
        { "550 2.0.0 odd", 0, "", "" },
        { "550 2.0 odd", 550, "", "2.0 odd" },
        { "550 5.7.1", 550, "5.7.1", "" },
        { "550 5.7.1 100% sure%", 550, "5.7.1", "100 sure" },
        { "451-4.7.1 one\r\n451 4.7.1 two", 451, "4.7.1", "one\ntwo" },
        { "550 5.7.1 100%% sure", 550, "5.7.1", "100% sure" },
        { "250 fine", 0, "", "" },
        { "550", 0, "", "" },
        { "", 0, "", "" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena *arena = arena_new();
        struct milter_answer answer;
        print_message("%s\n", cases[i].wire);
        milter_wire_get_answer('y', cases[i].wire, strlen(cases[i].wire) + 1, arena, &answer);
        assert_int_equal(answer.kind, cases[i].code == 0 ? MILTER_ANSWER_MALFORMED : MILTER_ANSWER_REPLY);
        if (cases[i].code != 0) {
            assert_int_equal(answer.verdict.code, cases[i].code);
            assert_string_equal(answer.verdict.status, cases[i].status);
            assert_string_equal(answer.verdict.text, cases[i].text);
        }
        arena_free(arena);
    }
}

static void settings_and_macro_defaults_are_found(void **unused)
{
    struct config *config;
    struct str why = {0};
    struct arena *arena = arena_new();

    assert_true(config_from_text("milter_default_action = reject\n"
        "milter_macro_defaults = auth_type=none, {foo}=bar { baz = a b }\n", NULL, 0, NULL, &config, &why));
    struct milter_settings *one = milter_settings_parse(config,
        "inet:host:1, { unix:a/b, default_action=accept, command_timeout=2s, { connect_timeout = 1m } }", arena);
    assert_string_equal(one->endpoint, "inet:host:1");
    assert_string_equal(one->default_action, "reject");
    assert_string_equal(one->next->endpoint, "unix:a/b");
    assert_string_equal(one->next->default_action, "accept");
    assert_int_equal(one->next->connect_timeout_s, 60);
    assert_null(one->next->next);
    assert_string_equal(milter_settings_macro_default(config, "{auth_type}", arena), "none");
    assert_string_equal(milter_settings_macro_default(config, "{foo}", arena), "bar");
    assert_string_equal(milter_settings_macro_default(config, "{baz}", arena), "a b");
    assert_null(milter_settings_macro_default(config, "{nosuch}", arena));
    config_free(config);
    arena_free(arena);
    str_free(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_read_from_their_stored_form),
        cmocka_unit_test(what_was_put_before_our_own_field_is_shown),
        cmocka_unit_test(our_own_first_field_is_hidden_from_changes_but_counts_for_insertions),
        cmocka_unit_test(a_filter_cannot_smuggle_a_field_or_a_line_end_into_a_value),
        cmocka_unit_test(reply_codes_are_taken_apart),
        cmocka_unit_test(settings_and_macro_defaults_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
