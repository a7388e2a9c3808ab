/* Which sockets the connector opens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "master/connector/allowed.h"
#include "util/base/memory.h"

static void only_sockets_that_the_configuration_names_are_opened(void **unused)
{
    static const char main_cf[] = "smtpd_sasl_path = private/auth\n# private/commented\nsmtpd_milters =\n"
                                  "  unix:private/milter-1, unix:/var/spool/postfix/private/opendkim\n";
    static const struct {
        const char *path;
        bool allowed;
    } cases[] = {
        { "private/intake", true },
        { "private/auth", true },
        { "private/milter-1", true },
        { "private/opendkim", true },
        { "private/aut", false },
        { "private/milter", false },
        { "private/commented", false },
        { "private/smtp", false },
        { "private/", false },
        { "private/..", false },
        { "private/../public/qmgr", false },
        { "public/qmgr", false },
        { "/etc/passwd", false },
        { "", false },
    };
    struct str text = {0};

    allowed_add(&text, main_cf, strlen(main_cf));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (allowed_path(&text, cases[i].path) != cases[i].allowed)
            print_error("case %s\n", cases[i].path);
        assert_true(allowed_path(&text, cases[i].path) == cases[i].allowed);
    }
    str_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_sockets_that_the_configuration_names_are_opened),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
