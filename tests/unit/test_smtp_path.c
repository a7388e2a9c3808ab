/* test_smtp_path.c: addresses and parameters of MAIL and RCPT are taken as Postfix takes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "smtpd/parameters.h"
#include "smtpd/path.h"
#include "util/base/memory.h"

static void addresses_are_taken_apart(void **unused)
{
    static const struct {
        const char *text;
        enum path_result result;
        const char *internal;
    } cases[] = {
        { "<a@b.example>", PATH_OK, "a@b.example" },
        { "a@b.example>", PATH_OK, "a@b.example" },
        { "<<a@b.example>>", PATH_OK, "a@b.example" },
        { "<>", PATH_OK, "" },
        { "< a@b.example >", PATH_OK, "a@b.example" },
        { "<a(x)@b.example>", PATH_OK, "a@b.example" },
        { "<\"a b\"@b.example>", PATH_OK, "a b@b.example" },
        { "<@r.example,@s.example:a@b.example>", PATH_OK, "a@b.example" },
        { "<a@[127.0.0.1]>", PATH_OK, "a@[127.0.0.1]" },
        { "<a@b.example>x", PATH_BAD, NULL },
        { "<a b@b.example>", PATH_BAD, NULL },
        { "<a@b.example,c@d.example>", PATH_BAD, NULL },
        { "<a@b\xc3\xbc.example>", PATH_BAD, NULL }, /* a domain needs SMTPUTF8 */
        { "<a\xc3\xbc@b.example>", PATH_OK, "a\xc3\xbc@b.example" },
        { "<a@b..example>", PATH_BAD, NULL },
        { "<a@[1.2.3]>", PATH_BAD, NULL },
        { "<a@>", PATH_BAD, NULL },
        { "<a @ b.example>", PATH_OK, "a@b.example" },
        { "<a (x) @b.example (y)>", PATH_OK, "a@b.example" },
        { "<\"a\" . \"b c\"@b.example>", PATH_OK, "a.b c@b.example" },
        { "<a\\ b@b.example>", PATH_OK, "a b@b.example" },
        { "<a@[127.0.0.1>", PATH_OK, "a@[127.0.0.1]" }, /* closed at the end of the address */
        { "<a@b.example@>", PATH_OK, "a@b.example@" },
        { "<a!>", PATH_OK, "a!" },
        { "<a(x)b@b.example>", PATH_BAD, NULL }, /* words without a separator */
        { "<\"a\"b@b.example>", PATH_BAD, NULL },
        { "<a[b]@b.example>", PATH_BAD, NULL },
        { "<a@[127.0.0.1]b>", PATH_BAD, NULL },
        { "<a@b example>", PATH_BAD, NULL },
        { "<a@b.example", PATH_UNBALANCED, NULL },
        { "<\"a@b.example>", PATH_UNBALANCED, NULL },
    };
    struct config *config;
    struct str why = {0};
    struct str word = {0};
    struct str internal = {0};

    assert_true(config_from_text("myhostname = mail.example.test\nmydomain = example.test\n", NULL, 0, "smtpd", &config, &why));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *cursor = cases[i].text;
        enum path_result result = path_take(&cursor, &word);
        if (result == PATH_OK)
            result = path_parse(config, REWRITE_REMOTE, str_text(&word), false, false, &internal);
        if (result != cases[i].result)
            print_error("%s\n", cases[i].text);
        assert_int_equal(result, cases[i].result);
        if (cases[i].internal != NULL)
            assert_string_equal(str_text(&internal), cases[i].internal);
    }
    str_free(&why);
    str_free(&word);
    str_free(&internal);
    config_free(config);
}

static void strict_envelopes_have_no_comments_and_no_empty_names(void **unused)
{
    static const struct {
        const char *text;
        enum path_result result;
    } cases[] = {
        { "<a@b.example>", PATH_OK }, { "<a @b.example>", PATH_OK }, { "<@r.example:a@b.example>", PATH_OK },
        { "<\"a:@c\"@b.example>", PATH_OK }, { "<a(x)@b.example>", PATH_BAD }, { "<@b.example>", PATH_BAD },
        { "<\"\"@b.example>", PATH_BAD }, { "<a <b@c.example>>", PATH_BAD }, { "<<b@c.example>>", PATH_BAD }, { "<@r.example:@s.example:a@b.example>", PATH_BAD },
    };
    struct config *config;
    struct str why = {0};
    struct str internal = {0};

    assert_true(config_from_text("myhostname = mail.example.test\nmydomain = example.test\n", NULL, 0, "smtpd", &config, &why));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        enum path_result result = path_parse(config, REWRITE_REMOTE, cases[i].text, true, false, &internal);
        if (result != cases[i].result)
            print_error("%s\n", cases[i].text);
        assert_int_equal(result, cases[i].result);
    }
    str_free(&why);
    str_free(&internal);
    config_free(config);
}

static void parameters_are_checked(void **unused)
{
    static const struct {
        bool mail;
        const char *text;
        int code;
    } cases[] = {
        { true, "", 0 },
        { true, "SIZE=100 body=8bitmime ret=full envid=a+2Bb", 0 },
        { true, "SIZE=", 501 },
        { true, "SIZE=99999999999999999999", 552 },
        { true, "RET=FULL RET=HDRS", 501 },
        { true, "ENVID=a+4", 501 },
        { true, "BODY=BINARYMIME", 555 },
        { true, "NOTIFY=NEVER", 555 },
        { false, "NOTIFY=success,delay ORCPT=rfc822;a+40b", 0 },
        { false, "NOTIFY=success,success ORCPT=rfc822;", 0 },
        { false, "ORCPT=rfc822;a=b", 0 },
        { false, "ORCPT=rfc822;j\xc3\xb6rg@b.example", 0 },
        { false, "ORCPT=rfc822;a+4", 501 },
        { false, "NOTIFY=NEVER,SUCCESS", 501 },
        { false, "NOTIFY=", 501 },
        { false, "ORCPT=a@b", 501 },
        { false, "SIZE=1", 555 },
    };
    struct arena *arena = arena_new();
    struct mail_parameters mail;
    struct rcpt_parameters rcpt;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        unsigned all = PARAMETERS_DSN | PARAMETERS_SMTPUTF8;
        struct verdict verdict = cases[i].mail ? parameters_parse_mail(cases[i].text, all, arena, &mail)
                                               : parameters_parse_rcpt(cases[i].text, all, arena, &rcpt);
        if (verdict.code != cases[i].code)
            print_error("%s\n", cases[i].text);
        assert_int_equal(verdict.code, cases[i].code);
    }
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_taken_apart),
        cmocka_unit_test(strict_envelopes_have_no_comments_and_no_empty_names),
        cmocka_unit_test(parameters_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
