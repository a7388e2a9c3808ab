#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "util/base/text.h"
#include "util/mail/reason.h"
#include "delivery/smtp/smtp_notice.h"
#include "delivery/smtp/smtp_reply.h"
#include "util/base/memory.h"

/* Adds the lines (LF between them); true when the last one, and none before, completed the reply. */
static bool add_lines(struct smtp_reply *reply, const char *lines)
{
    for (;;) {
        size_t length = strcspn(lines, "\n");
        bool complete = smtp_reply_add(reply, lines, length, 2048);
        if (lines[length] == '\0')
            return complete;
        if (complete)
            return false;
        lines += length + 1;
    }
}

static void code_and_status_are_found(void **unused)
{
    static const struct {
        const char *lines;
        int code;
        const char *status;
        const char *text;
    } cases[] = {
        { "250 2.1.5 Ok", 250, "2.1.5", "250 2.1.5 Ok" },
        { "250", 250, "2.0.0", "250" },
        { "550 no code", 550, "5.0.0", "550 no code" },
        { "550 4.2.0 contradicts itself", 550, "5.0.0", "550 4.2.0 contradicts itself" },
        { "550 5.1.1x glued", 550, "5.0.0", "550 5.1.1x glued" },
        { "550-first\n550-\n550 5.7.1 last", 550, "5.7.1", "550-first 550- 550 5.7.1 last" },
        { "Hello there\n550 5.1.1 real", 550, "5.1.1", "Hello there 550 5.1.1 real" },
        { "354 what now", 354, "5.5.0", "354 what now" },
        { "600 what now", 600, "5.5.0", "600 what now" },
        { "099 what now", 99, "5.5.0", "099 what now" },
        { "450 4.7.1 bad \001 byte", 450, "4.7.1", "450 4.7.1 bad ? byte" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct smtp_reply reply = {0};
        struct str text = {0};
        char buffer[12];
        print_message("%s\n", cases[i].lines);
        assert_true(add_lines(&reply, cases[i].lines));
        assert_int_equal(reply.code, cases[i].code);
        assert_string_equal(smtp_reply_status(&reply, buffer), cases[i].status);
        smtp_reply_put_text(&reply, &text);
        assert_string_equal(str_text(&text), cases[i].text);
        str_free(&text);
        smtp_reply_free(&reply);
    }
}

static void the_postmaster_hears_of_codes_that_mean_misunderstanding(void **unused)
{
    static const struct { int code; bool trouble; } cases[] = {
        { 99, true }, { 150, true }, { 250, true }, { 354, true }, { 400, false }, { 421, false }, { 450, false }, { 499, false },
        { 500, true }, { 504, true }, { 509, true }, { 510, false }, { 550, false }, { 554, false }, { 555, true }, { 556, false },
        { 599, false }, { 600, true },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("%d\n", cases[i].code);
        assert_int_equal(smtp_notice_is_trouble(cases[i].code), cases[i].trouble);
    }
    assert_true(text_list_has_nocase("resource, Protocol", "protocol"));
    assert_false(text_list_has_nocase("resource, software, data", "protocol"));
}

static void text_is_limited_and_noise_ends(void **unused)
{
    struct smtp_reply reply = {0};
    size_t lines = 0;

    while (!smtp_reply_add(&reply, "noise", 5, 100) && lines < 1000000)
        lines++;
    assert_true(lines < 1000000);
    assert_int_equal(smtp_reply_class(&reply), 5);
    assert_true(reply.text.length < 200);
    smtp_reply_free(&reply);
}

static void reasons_are_split(void **unused)
{
    static const struct {
        const char *text;
        char class;
        const char *status;
        const char *rest;
    } cases[] = {
        { "no mail for this domain", '5', "5.0.0", "no mail for this domain" },
        { "5.7.1 own code", '5', "5.7.1", "own code" },
        { "4.7.1 wrong class", '5', "5.0.0", "wrong class" },
        { "5.1.1", '5', "5.1.1", "?" },
        { "5.1.1234 too many digits", '5', "5.0.0", "5.1.1234 too many digits" },
        { "2.1.1 hm", '2', "2.1.1", "hm" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char status[REASON_STATUS_BYTES];
        const char *rest;
        print_message("%s\n", cases[i].text);
        reason_split(cases[i].text, cases[i].class, status, &rest);
        assert_string_equal(status, cases[i].status);
        assert_string_equal(rest, cases[i].rest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(code_and_status_are_found),
        cmocka_unit_test(the_postmaster_hears_of_codes_that_mean_misunderstanding),
        cmocka_unit_test(text_is_limited_and_noise_ends),
        cmocka_unit_test(reasons_are_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
