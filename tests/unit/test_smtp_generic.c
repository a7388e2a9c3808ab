/* test_smtp_generic.c: what stands on the right-hand side of smtp_generic_maps becomes one address in standard form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "delivery/smtp/smtp_generic.h"
#include "util/base/memory.h"

static const char settings[] =
    "myhostname = mail.example.test\nmydomain = example.test\nmyorigin = origin.test\nappend_dot_mydomain = yes\n"
    "smtp_generic_maps = inline:{{phrase@x.example=Full Name <f@p.example>}, {null@x.example=<>}, {nothing@x.example=(comment)},"
    " {two@x.example=a@p.example b@p.example}, {quoted@x.example=\"q q\"@p.example}, {bare@x.example=bare},"
    " {domain@x.example=@p.example}, {bang@x.example=host!user}, {percent@x.example=u%h}}\n";

static void a_result_is_one_address(void **unused)
{
    static const struct { const char *address; enum table_result result; const char *mapped; } cases[] = {
        { "other@x.example", TABLE_ABSENT, NULL },
        { "phrase@x.example", TABLE_FOUND, "f@p.example" },
        { "null@x.example", TABLE_FOUND, "" },
        { "nothing@x.example", TABLE_FAILED, NULL },
        { "two@x.example", TABLE_FOUND, "a@p.example" },
        { "quoted@x.example", TABLE_FOUND, "q q@p.example" },
        { "bare@x.example", TABLE_FOUND, "bare@origin.test" },
        { "domain@x.example", TABLE_FOUND, "domain@p.example" },
        { "bang@x.example", TABLE_FOUND, "user@host.example.test" },
        { "percent@x.example", TABLE_FOUND, "u@h.example.test" },
    };
    struct config *config;
    struct str why = {0};
    struct str mapped = {0};

    assert_true(config_from_text(settings, NULL, 0, "smtp", &config, &why));
    struct smtp_generic *generic = smtp_generic_open(config, false);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        enum table_result result = smtp_generic_map(generic, cases[i].address, &mapped);
        if (result != cases[i].result)
            print_error("%s\n", cases[i].address);
        assert_int_equal(result, cases[i].result);
        if (cases[i].mapped != NULL)
            assert_string_equal(str_text(&mapped), cases[i].mapped);
    }
    smtp_generic_close(generic);
    config_free(config);
    str_free(&why);
    str_free(&mapped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_is_one_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
