#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "delivery/smtp/smtp_qp.h"
#include "util/base/memory.h"

static void bytes_are_encoded_where_needed(void **unused)
{
    static const struct {
        const char *line;
        const char *coded;
    } cases[] = {
        { "plain text", "plain text" },
        { "a = b", "a =3D b" },
        { "sch\303\266n", "sch=C3=B6n" },
        { "blank at the end ", "blank at the end=20" },
        { "tab\tin and after\t", "tab\tin and after=09" },
        { "bell \a", "bell =07" },
        { ".dot", ".dot" },
        { "", "" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str out = {0};
        size_t column = 0;
        print_message("%s\n", cases[i].line);
        smtp_qp_put(cases[i].line, strlen(cases[i].line), true, &column, &out);
        assert_string_equal(str_text(&out), cases[i].coded);
        assert_int_equal(column, 0);
        str_free(&out);
    }
}

static void no_line_gets_longer_than_76_bytes(void **unused)
{
    char line[1000];
    struct str out = {0};
    size_t column = 0;

    for (size_t i = 0; i < sizeof(line); i++)
        line[i] = i % 7 == 0 ? '=' : 'x';
    for (size_t at = 0; at < sizeof(line); at += 10) /* in pieces, as long lines come */
        smtp_qp_put(line + at, 10, at + 10 == sizeof(line), &column, &out);
    for (const char *at = str_text(&out); *at != '\0';) {
        size_t length = strcspn(at, "\n");
        assert_true(length <= 76);
        at += length + (at[length] == '\n' ? 1 : 0);
    }
    str_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_encoded_where_needed),
        cmocka_unit_test(no_line_gets_longer_than_76_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
