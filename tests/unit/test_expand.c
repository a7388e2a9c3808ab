#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/config/expand.h"

static const char *look_up(void *context, const char *name, bool *is_data)
{
    static const struct { const char *name; const char *value; } values[] = {
        { "host", "mail.example" }, { "empty", "" }, { "nine", "9" }, { "level", "3.10" }, { "again", "<$host>" },
        { "loop", "$pool" }, { "pool", "$loop" }, { "undefined_inside", "$nothing" }, { "data", "$host" },
        { "b0", "xx" }, { "b1", "$b0$b0$b0$b0$b0$b0$b0$b0$b0$b0" }, { "b2", "$b1$b1$b1$b1$b1$b1$b1$b1$b1$b1" },
        { "b3", "$b2$b2$b2$b2$b2$b2$b2$b2$b2$b2" }, { "b4", "$b3$b3$b3$b3$b3$b3$b3$b3$b3$b3" },
        { "b5", "$b4$b4$b4$b4$b4$b4$b4$b4$b4$b4" },
    };

    *is_data = text_equal(name, "data");
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        if (text_equal(values[i].name, name))
            return values[i].value;
    }
    return NULL;
}

static void names_are_replaced_by_their_values(void **unused)
{
    static const struct { const char *text; const char *expected; } cases[] = {
        { "plain", "plain" },
        { "$host", "mail.example" },
        { "$host.x ${host}x $(host)x", "mail.example.x mail.examplex mail.examplex" },
        { "$$host", "$host" },
        { "<$nothing>", "<>" },
        { "$again", "<mail.example>" },
        { "$data", "$host" },
        { "${ host }", "mail.example" },
        { "${host?yes} ${empty?yes} ${nothing?yes}", "yes  " },
        { "${host:no} ${empty:no} ${nothing:no}", " no no" },
        { "${host?yes:no}", "yes:no" },
        { "${host?{yes}:{no}} ${nothing ? {yes} : {no}}", "yes no" },
        { "${nothing?{yes}:no}", "no" },
        { "${host?a{b}c}", "a{b}c" },
        { "${undefined_inside?yes}", "yes" },
        { "${{1} == {01} ? {T} : {F}} ${{a} == {A} ? {T} : {F}}", "T F" },
        { "${{$nine} < {10} ? {T} : {F}} ${{a9} < {a10} ? {T} : {F}}", "T F" },
        { "${{$level} >=level {3.9} ? {T} : {F}} ${{$level} >= {3.9} ? {T} : {F}}", "T F" },
        { "<${{1} == {1}}> <${{1} == {2}}> <${{1} == {2} : {no}}>", "<true> <> <no>" },
        { "${{1} == {1} ? {${{a} == {b} ? {x} : {y}}} : {z}}", "y" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str out = { 0 };
        struct str why = { 0 };
        if (!expand_text(cases[i].text, look_up, NULL, &out, &why))
            fail_msg("%s: %s", cases[i].text, str_text(&why));
        if (!text_equal(str_text(&out), cases[i].expected))
            fail_msg("%s: got %s, not %s", cases[i].text, str_text(&out), cases[i].expected);
        str_free(&out);
        str_free(&why);
    }
}

static void errors_are_told_in_postfix_words(void **unused)
{
    static const struct { const char *text; const char *why; } cases[] = {
        { "${host", "truncated macro reference: \"${host\"" },
        { "$(host}", "truncated macro reference: \"$(host}\"" },
        { "${}", "empty macro name: \"${}\"" },
        { "end$", "empty macro name: \"end$\"" },
        { "${my-host}", "attribute name syntax error at: \"...my>>>-host\"" },
        { "${{1} == 2 ? {a} : {b}}", "\"{expression}\" expected at: \"...{1} ==>>> 2 ? {a} : {b}\"" },
        { "${{1} =+ {2} ? {a} : {b}}",
          "\"==\" or \"!=\"\" or \"<\"\" or \"<=\"\" or \">=\"\" or \">\" expected at: \"...1}>>>=+ {2} ? {a} : {b}\"" },
        { "${host?{yes}no}", "\":\" expected at: \"...yes}>>>no\"" },
        { "${host?{yes}:{no}x}", "unexpected input at: \"...no}>>>x\"" },
        { "${{x} <level {1} ? {T}}", "malformed compatibility level syntax: \"x\"" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str out = { 0 };
        struct str why = { 0 };
        assert_false(expand_text(cases[i].text, look_up, NULL, &out, &why));
        assert_string_equal(str_text(&why), cases[i].why);
        str_free(&out);
        str_free(&why);
    }
}

static void loops_and_explosions_end(void **unused)
{
    static const char *const texts[] = { "$loop", "$b5$b5$b5" };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct str out = { 0 };
        struct str why = { 0 };
        assert_false(expand_text(texts[i], look_up, NULL, &out, &why));
        assert_true(text_starts_with(str_text(&why), "unreasonable macro call nesting"));
        str_free(&out);
        str_free(&why);
    }
}

static void levels_are_ordered_by_their_parts(void **unused)
{
    long low;
    long high;

    assert_true(expand_parse_level("3.9", &low));
    assert_true(expand_parse_level("3.10", &high));
    assert_true(low < high);
    assert_false(expand_parse_level("", &low));
    assert_false(expand_parse_level("3.", &low));
    assert_false(expand_parse_level("3.1.1.1", &low));
    assert_false(expand_parse_level("99999", &low));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_replaced_by_their_values),
        cmocka_unit_test(errors_are_told_in_postfix_words),
        cmocka_unit_test(loops_and_explosions_end),
        cmocka_unit_test(levels_are_ordered_by_their_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
