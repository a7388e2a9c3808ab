/* test_address_list.c: header address lists keep phrases, comments and groups, and are laid out as Postfix does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/str.h"
#include "util/mail/address_list.h"

/* Appends a domain to bare names, and takes a source route away: enough of rewriting to see the list change. */
static void complete(struct address_list *list)
{
    const char *address;
    struct str whole = {0};

    for (size_t i = 0; (address = address_list_get(list, i)) != NULL; i++) {
        const char *route_end = address[0] == '@' ? strchr(address, ':') : NULL;
        str_set(&whole, route_end != NULL ? route_end + 1 : address);
        if (*address != '\0' && strchr(address, '@') == NULL)
            str_put(&whole, "@mail.example.test");
        address_list_set(list, i, str_text(&whole));
    }
    str_free(&whole);
}

static void lists_are_rewritten_in_place(void **unused)
{
    static const struct { const char *value; const char *expected; } cases[] = {
        { "Foo Bar <dave>", "Foo Bar <dave@mail.example.test>" },
        { "a1, a22, a333, a4444", "a1@mail.example.test, a22@mail.example.test,\n\ta333@mail.example.test, a4444@mail.example.test" },
        { "123456789012345678901234567890@example.test, b1", "123456789012345678901234567890@example.test, b1@mail.example.test" },
        { "123456789012345678901234567890@example.test, b12", "123456789012345678901234567890@example.test,\n\tb12@mail.example.test" },
        { "<@a.example,@b.example:c@d>, <@a.example:c@d.example>", "<c@d>, <c@d.example>" },
        { "\"q\\\"uo te\" <dd>, \"local part\"@example.test, \"loc\\ al\"@x, a.\"b c\".d@x",
            "\"q\\\"uo te\" <dd@mail.example.test>, \"local part\"@example.test,\n\t\"loc al\"@x, \"a.b c.d\"@x" },
        { "grp:;, undisclosed: ;, grp2: a, b;, c",
            "grp: ;, undisclosed: ;, grp2: a@mail.example.test,\n\tb@mail.example.test;, c@mail.example.test" },
        { ",,a,, b , ,", ", , a@mail.example.test, , b@mail.example.test, , " },
        { "a b c", "a@mail.example.test, b@mail.example.test, c@mail.example.test" },
        { "foo <a", "\"foo <a\"@mail.example.test" },
        { "foo <a> bar <b>", "foo <a@mail.example.test>bar <b@mail.example.test>" },
        { "foo <a> bar", "foo <a@mail.example.test>, bar@mail.example.test" },
        { "(comment (nested) x) a (unbal, b", "a@mail.example.test (comment (nested) x) (unbal, b" },
        { "\"unbal quote <a>, b", "\"unbal quote <a>, b\"@mail.example.test" },
        { "a;b, c : d", "a@mail.example.test;, b@mail.example.test,\n\t\"c:d\"@mail.example.test" },
        { "a , b ,c\n    , d(x)e, f (y)g",
            "a@mail.example.test, b@mail.example.test, c@mail.example.test,\n\td@mail.example.test, e@mail.example.test (x), "
            "f@mail.example.test,\n\tg@mail.example.test (y)" },
        { "Mr. John Q. Public <jqp>, A.B <x>", "Mr.John Q.Public <jqp@mail.example.test>,\n\tA.B <x@mail.example.test>" },
        { "tab\tsep\t<a>", "tab sep <a@mail.example.test>" },
        { "a, a\\,b", "a@mail.example.test, \"a,b\"@mail.example.test" },
        { "< a >, <a b>, <a (c) @b>", "<a@mail.example.test>, <ab@mail.example.test>, <a@b (c)>" },
        { "Foo (c) Bar (d) <dave> (e)", "Foo (c) Bar (d) <dave@mail.example.test>(e)" },
        { "(gc) grp (gd): (ge) a, b (gf); (c), d",
            "(gc) grp (gd): a@mail.example.test (ge),\n\tb@mail.example.test (gf);(c), d@mail.example.test" },
        { "\"grp x\" y <a> : a, b, grp2: c; ;",
            "\"grp x\" y <a>: a@mail.example.test, b@mail.example.test,\n\tgrp2: c@mail.example.test;;" },
        { "<a> <b>", "<a@mail.example.test> <b@mail.example.test>" },
        { ";a", ";, a@mail.example.test" },
        { "a::b;", "a:: b@mail.example.test;" },
        { "a [b c], [d", "a@mail.example.test, \"[b c]\"@mail.example.test,\n\t\"[d]\"@mail.example.test" },
        { "a , b>c", "\"a, b\"@mail.example.test>, c@mail.example.test" },
        { "<<a>>, <a<b>>", "< <\"a>\"@mail.example.test>, <a <\"b>\"@mail.example.test>" },
        { "(c1)<a>(c2), (c3) b (c4) <d> (c5)",
            "(c1) <a@mail.example.test>(c2),\n\t(c3) b (c4) <d@mail.example.test>(c5)" },
        { "100 % sure! <b>", "100%sure! <b@mail.example.test>" },
        { "a) b, c] d, e\\(f", "\"a)b\"@mail.example.test, \"c]d\"@mail.example.test,\n\t\"e(f\"@mail.example.test" },
        { "First Last <a>\n    , Second\n  Last <b> (com\n  ment)",
            "First Last <a@mail.example.test>,\n\tSecond Last <b@mail.example.test>(com   ment)" },
        { "|\"cat >x\", a \"b c\"", "\"|cat >x\"@mail.example.test, a@mail.example.test,\n\t\"b c\"@mail.example.test" },
        { "\"simple\"@x, a..b@x", "simple@x, \"a..b\"@x" },
        { "a@b@c, .a@d, <@x>", "\"a@b\"@c, \".a\"@d, <\"\"@x>" },
        { "a@b, \"a\\\"b\", \"\", \"\"@x, \"\"", "a@b, \"a\\\"b\"@mail.example.test, \"\", \"\"@x, \"\"" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct address_list *list = address_list_parse(cases[i].value, strlen(cases[i].value), 10240);
        struct str out = {0};
        complete(list);
        assert_true(address_list_is_changed(list));
        str_set(&out, "To: ");
        address_list_put(list, &out);
        assert_string_equal(str_text(&out) + 4, cases[i].expected);
        str_free(&out);
        address_list_free(list);
    }
}

static void complete_lists_stay_untouched(void **unused)
{
    static const char *const cases[] = {
        "a@b.example (ok), \"x\" (z) <y@example.test> (w)", "user(c)@(d)example.test(e)", "foo <>", "<>", "\"a b\"@c,   d.e@f", "u @x, u. v@x", "", " ", "(only comment)",
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct address_list *list = address_list_parse(cases[i], strlen(cases[i]), 10240);
        complete(list);
        assert_false(address_list_is_changed(list));
        address_list_free(list);
    }
}

static void tokens_beyond_the_limit_are_dropped(void **unused)
{
    static const char value[] = "a1, a2, a3";
    struct address_list *list = address_list_parse(value, strlen(value), 3);

    assert_string_equal(address_list_get(list, 1), "a2");
    assert_null(address_list_get(list, 2));
    address_list_free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_rewritten_in_place),
        cmocka_unit_test(complete_lists_stay_untouched),
        cmocka_unit_test(tokens_beyond_the_limit_are_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
