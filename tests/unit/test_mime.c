/* test_mime.c: boundaries, part headers and attached messages are found where they are; dates and header names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util/base/memory.h"
#include "util/base/str.h"
#include "util/mail/date.h"
#include "util/mail/header.h"
#include "util/mail/mime.h"

/* One letter per line: P field of a part, N of an attached message, B body, - boundary, . empty line behind a header. */
static void classify(const char *text, size_t nesting_limit, struct str *out)
{
    struct arena *arena = arena_new();
    struct mime *mime = mime_new(arena, nesting_limit, 2048);
    enum mime_next next = MIME_NESTED_HEADER;

    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        char *line = arena_copy_bytes(arena, text, length);
        size_t value;
        size_t name = header_name_length(line, length, &value);
        bool boundary = false;
        if (next == MIME_BODY) {
            next = mime_take_line(mime, line, length, &boundary);
            str_put_char(out, boundary ? '-' : 'B');
        } else if (name > 0) {
            if (header_kind_find(line, name)->id == HEADER_CONTENT_TYPE)
                mime_set_type(mime, line + value);
            str_put_char(out, next == MIME_PART_HEADER ? 'P' : 'N');
        } else {
            next = mime_end_header(mime, length == 0);
            str_put_char(out, length == 0 ? '.' : 'B');
        }
        text += length + 1;
    }
    arena_free(arena);
}

static void structure_is_followed(void **unused)
{
    static const struct { const char *text; const char *kinds; } cases[] = {
        { "A: b\n\nx\n--y\n", "N.BB" },
        { "Content-Type: multipart/mixed; boundary=\"a b\"\n\npre\n--a b\nX: y\n\nbody\n--a b  \n\nx\n--a b--\nepilogue\n--a b\nend\n",
            "N.B-P.B-.B-BBB" },
        { "Content-Type: multipart/mixed; x=y; boundary=in (comment)\n\n--in\nnot a field\nX: y\n--in--\n", "N.-BB-" },
        { "Content-Type: multipart/mixed\n\n--\nA: b\n", "N.BB" },
        { "Content-Type: message/rfc822\n\nSubject: x\n\nbody\n", "N.N.B" },
        { "Content-Type: message/partial\n\nSubject: x\n", "N.B" },
        { "Content-Type: multipart/digest; boundary=d\n\n--d\n\nSubject: x\n\nbody\n--d--\n", "N.-.N.B-" },
        { "Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\nx\n--o\nA: b\n\n--i\n",
            "N.-P.-.B-P.B" },
        { "(x): y\nContent-Type: (c) multipart (d) / mixed ; (e) Boundary = \"q\\\"x\"\n\n--q\"x\nA: b\n", "NN.-P" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str kinds = {0};
        classify(cases[i].text, 100, &kinds);
        assert_string_equal(str_text(&kinds), cases[i].kinds);
        str_free(&kinds);
    }
}

static void structure_beyond_the_nesting_limit_is_body(void **unused)
{
    struct str kinds = {0};

    classify("Content-Type: multipart/x; boundary=a\n\n--a\nContent-Type: multipart/x; boundary=b\n\n--b\n"
             "Content-Type: multipart/x; boundary=c\n\n--c\nA: b\n", 0, &kinds);
    assert_string_equal(str_text(&kinds), "N.-P.-P.BB");
    str_free(&kinds);
}

static void encodings_of_structure_are_judged(void **unused)
{
    static const struct { const char *type; const char *encoding; bool forbidden; } cases[] = {
        { "multipart/mixed; boundary=x", "base64", true }, { "message/rfc822", "quoted-printable", true },
        { "multipart/mixed; boundary=x", "8BIT", false },  { "text/plain", "base64", false }, { "message/rfc822", "binary", false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena *arena = arena_new();
        struct mime *mime = mime_new(arena, 100, 100);
        mime_set_type(mime, cases[i].type);
        mime_set_encoding(mime, cases[i].encoding);
        assert_int_equal(mime_encoding_is_forbidden(mime), cases[i].forbidden);
        arena_free(arena);
    }
}

static void names_end_at_the_colon(void **unused)
{
    static const struct { const char *line; size_t length; } cases[] = {
        { "Subject: x", 7 }, { "Subject:", 7 }, { "Errors-To : x", 9 }, { ": x", 0 }, { "X Y: z", 0 }, { " Subject: x", 0 },
        { "no colon", 0 }, { "", 0 }, { "caf\303\251: x", 0 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t value;
        assert_int_equal(header_name_length(cases[i].line, strlen(cases[i].line), &value), cases[i].length);
    }
    assert_int_equal(header_kind_find("RESENT-reply-to", 15)->flags, HEADER_RECIPIENT | HEADER_RESENT);
    assert_int_equal(header_kind_find("To", 2)->id, HEADER_TO);
    assert_int_equal(header_kind_find("Tox", 3)->id, HEADER_OTHER);
    assert_int_equal(header_kind_find("T", 1)->id, HEADER_OTHER);
}

static void dates_name_the_zone(void **unused)
{
    static const struct { const char *zone; int64_t seconds; const char *text; } cases[] = {
        { "UTC", 1795309323, "Sun, 22 Nov 2026 01:02:03 +0000 (UTC)" },
        { "CET-1CEST,M3.5.0,M10.5.0/3", 1783166400, "Sat,  4 Jul 2026 14:00:00 +0200 (CEST)" },
        { "XST3:30", 0, "Wed, 31 Dec 1969 20:30:00 -0330 (XST)" },
    };
    char buffer[DATE_TEXT_BYTES];

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        setenv("TZ", cases[i].zone, 1);
        tzset();
        assert_string_equal(date_format(cases[i].seconds, buffer), cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(structure_is_followed),
        cmocka_unit_test(structure_beyond_the_nesting_limit_is_body),
        cmocka_unit_test(encodings_of_structure_are_judged),
        cmocka_unit_test(names_end_at_the_colon),
        cmocka_unit_test(dates_name_the_zone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
