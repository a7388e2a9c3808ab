#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "smtpd/from_header.h"
#include "util/base/memory.h"

/* Lines are fed whole, and once more byte by byte. */
static void feed(struct from_header *header, const char *text, size_t piece)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        for (size_t at = 0; at < length || length == 0; at += piece) {
            size_t part = length - at < piece ? length - at : piece;
            from_header_take(header, text + at, part, at + part == length);
            if (length == 0)
                break;
        }
        text += length + (text[length] == '\n');
    }
}

static void from_fields_are_found_as_intake_finds_them(void **unused)
{
    static const struct {
        const char *content;
        size_t fields;
        const char *value;
    } cases[] = {
        { "From: a@b\nTo: c@d\n\nFrom: x\n", 1, " a@b" },
        { "To: c@d\nfROM : a@b,\n c@d\nSubject: x\n\n", 1, " a@b,\n c@d" },
        { "From: a@b\nFrom: c@d\n\n", 2, " a@b, c@d" },
        { "From someone Mon\nFrom: a@b\n\n", 1, " a@b" },
        { "no field\nFrom: a@b\n", 0, "" },
        { "Subject: x\nno field\nFrom: a@b\n", 0, "" },
        { "\nFrom: a@b\n", 0, "" },
        { "Subject: x\n From: a@b\n\n", 0, "" },
        { "Resent-From: a@b\nX-From: a@b\n\n", 0, "" },
        { "From:\n\n", 1, "" },
        { "From: 0123456789012345678901234567890123456789\n\n", 1, " 012345678901234567890123456789012345678" },
    };
    static const size_t pieces[] = { 1000, 7, 1 };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (size_t p = 0; p < COUNT_OF(pieces); p++) {
            struct from_header header = { .limit = 40 };
            feed(&header, cases[i].content, pieces[p]);
            assert_int_equal(header.fields, cases[i].fields);
            assert_string_equal(str_text(&header.value), cases[i].value);
            assert_int_equal(header.is_cut, strstr(cases[i].content, "0123456789") != NULL);
            from_header_reset(&header);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(from_fields_are_found_as_intake_finds_them) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
