/* test_template.c: files of report templates are read, and their $names expanded, as bounce(5) says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "qmgr/bounce/template_expand.h"
#include "qmgr/bounce/template_parse.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/config/config.h"

static void templates_take_the_place_of_those_built_in(void **unused)
{
    static const struct {
        const char *text;
        bool good;
        const char *subject; /* of the delay template; "" where the set's own stays */
        const char *body;
    } cases[] = {
        { "", true, "", "" },
        { "junk line\n", false, "", "" },
        { "delay_template = <<\nx\n", false, "", "" },
        { "delay_template = <<EOF\nSubject: x\n\nbody\nEOF\n", true, "x", "body\n" },
        { "delay_template=<<  END  \nSubject: x\n\nbody\n\nmore\nEND\n", true, "x", "body\n\nmore\n" },
        { "# c\n\n delay_template = <<EOF\nsubject: x\n\nb\n# kept\nEOF\n", true, "x", "b\n# kept\n" },
        { "delay_template = <<EOF\nSubject: x\n\nb\n", true, "x", "b\n" },
        { "delay_template = <<EOF\nSubject: x\nglued\nEOF\n", true, "x", "glued\n" },
        { "delay_template = <<EOF\nSubject: x\n cont\nEOF\n", true, "x", " cont\n" },
        { "delay_template = <<EOF\nSubject: x\n\na\nEOF\ndelay_template = <<EOF\nSubject: y\n\nb\nEOF\n", true, "y", "b\n" },
        { "other_template = <<EOF\nSubject: x\n\na\nEOF\ndelay_template = <<EOF\nSubject: y\n\nb\nEOF\n", true, "y", "b\n" },
        { "delay_template = <<EOF\nEOF\n", true, "", "" },
        { "delay_template = <<EOF\nSubject: x\nEOF\n", true, "", "" },
        { "delay_template = <<EOF\nSubject:\n\nbody\nEOF\n", true, "", "" },
        { "delay_template = <<EOF\nSubject: x\nX-Y: z\n\nbody\nEOF\n", true, "", "" },
        { "delay_template = <<EOF\nSubject: h\xc3\xbc\n\nbody\nEOF\n", true, "", "" },
        { "delay_template = <<EOF\nSubject: x\n\nb\xc3\xbc\nEOF\n", true, "", "" },
        { "delay_template = <<EOF\nCharset: utf-8\nSubject: x\n\nb\xc3\xbc\nEOF\n", true, "x", "b\xc3\xbc\n" },
    };
    struct arena *arena = arena_new();

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct template_set set = { { [TEMPLATE_DELAY] = { .name = "delay_template", .charset = "us-ascii", .subject = "", .text = "" } } };
        struct str why = {0};
        for (size_t k = 0; k < TEMPLATE_KINDS; k++)
            if (k != TEMPLATE_DELAY)
                set.templates[k].name = "none";
        print_message("%s\n", cases[i].text);
        assert_int_equal(template_parse("file", cases[i].text, arena, &set, &why), cases[i].good);
        assert_string_equal(set.templates[TEMPLATE_DELAY].subject, cases[i].subject);
        assert_string_equal(set.templates[TEMPLATE_DELAY].text, cases[i].body);
        str_free(&why);
    }
    arena_free(arena);
}

static void names_are_expanded(void **unused)
{
    static const struct { const char *text; const char *expanded; const char *why; } cases[] = {
        { "on $mail_name$$\n", "on M$\n", "" },
        { "${mail_name}s $(mail_name)\n", "Ms M\n", "" },
        { "$delay_warning_time_hours $delay_warning_time_minutes\n", "1 90\n", "" },
        { "$maximal_queue_lifetime_days\n", "3\n", "" },
        { "a\nb $nosuch c\n", "a\nb  c\n", "file: undefined $name in delay template: b $nosuch c" },
        { "a ${mail_name\n", "a \n", "file: bad $name syntax in delay template: a ${mail_name" },
    };
    const struct config_override overrides[] = {
        { "mail_name", "M" }, { "delay_warning_time", "90m" }, { "maximal_queue_lifetime", "3d" },
    };
    struct config *config = NULL;
    struct str why = {0};

    assert_true(config_from_text("myhostname = m.example\n", overrides, COUNT_OF(overrides), "bounce", &config, &why));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct template template = { .name = "delay_template", .origin = "file", .text = cases[i].text };
        struct str out = {0};
        assert_int_equal(template_expand(config, &template, &out, &why), *cases[i].why == '\0');
        assert_string_equal(str_text(&out), cases[i].expanded);
        assert_string_equal(str_text(&why), cases[i].why);
        str_free(&out);
    }
    str_free(&why);
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates_take_the_place_of_those_built_in),
        cmocka_unit_test(names_are_expanded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
