/* test_idn.c: internationalised domain names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "util/base/memory.h"
#include "util/net/idn.h"

static void names_become_ascii_as_either_standard_has_it(void **unused)
{
    static const struct { const char *name; bool as_2003; const char *ascii; } cases[] = {
        { "a.example", false, "a.example" },
        { "b\xC3\xBC" "cher.example", false, "xn--bcher-kva.example" },
        { "b\xC3\xBC" "cher.example", true, "xn--bcher-kva.example" },
        { "fa\xC3\x9F.example", false, "xn--fa-hia.example" },
        { "fa\xC3\x9F.example", true, "fass.example" },
        { "\xC3.example", false, "" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str out = {0};
        idn_use_2003(cases[i].as_2003);
        assert_int_equal(idn_to_ascii(cases[i].name, &out), *cases[i].ascii != '\0');
        assert_string_equal(str_text(&out), cases[i].ascii);
        str_free(&out);
    }
    idn_use_2003(false);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(names_become_ascii_as_either_standard_has_it) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
