#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "delivery/pipe/pipe_arguments.h"
#include "delivery/pipe/pipe_status.h"
#include "util/mail/exit_status.h"
#include "util/base/memory.h"

static void exit_status_and_output_decide(void **unused)
{
    static const struct {
        enum child_command_end end;
        int status; /* of waitpid(2) */
        const char *output;
        int code;
        const char *dsn;
        const char *why;
    } cases[] = {
        { CHILD_COMMAND_ENDED, 0, "", 250, "2.0.0", "delivered via run service" },
        { CHILD_COMMAND_ENDED, 0, "fine\n\tmore\n\n", 250, "2.0.0", "delivered via run service (fine  more)" },
        { CHILD_COMMAND_ENDED, 0, "\n lead\001", 250, "2.0.0", "delivered via run service (  lead_)" },
        { CHILD_COMMAND_ENDED, 67 << 8, "", 550, "5.1.1", "user unknown" },
        { CHILD_COMMAND_ENDED, 75 << 8, "", 450, "4.3.0", "temporary failure" },
        { CHILD_COMMAND_ENDED, 69 << 8, "to standard error\n", 550, "5.3.0",
            "service unavailable. Command output: to standard error " },
        { CHILD_COMMAND_ENDED, 77 << 8, "5.2.2 over quota\nsecond line\n", 550, "5.2.2", "over quota second line " },
        { CHILD_COMMAND_ENDED, 67 << 8, "4.2.2 says temporary\n", 450, "4.2.2", "says temporary " },
        { CHILD_COMMAND_ENDED, 1 << 8, "", 550, "5.3.0", "Command died with status 1: \"/bin/sh\"" },
        { CHILD_COMMAND_ENDED, 1 << 8, "a\001b\n", 550, "5.3.0", "Command died with status 1: \"/bin/sh\". Command output: a_b " },
        { CHILD_COMMAND_ENDED, 9, "", 450, "4.3.0", "Command died with signal 9: \"/bin/sh\"" },
        { CHILD_COMMAND_TIMED_OUT, 0, "", 550, "5.3.0", "Command time limit exceeded: \"/bin/sh\"" },
    };
    struct arena *arena = arena_new();

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct agent_result result = {0};
        struct str output = {0};
        str_put(&output, cases[i].output);
        pipe_status_judge(cases[i].end, cases[i].status, &output, "/bin/sh", "run", arena, &result);
        assert_int_equal(result.code, cases[i].code);
        assert_string_equal(result.status, cases[i].dsn);
        assert_string_equal(result.why, cases[i].why);
        str_free(&output);
    }
    arena_free(arena);
}

static void macros_stay_one_argument_and_repeat_per_recipient(void **unused)
{
    static char *argv[] = { "cmd", "-f", "$sender", "u=${user}", "$(extension)", "a$$b", "${domain}", NULL };
    static const char *const expected[] = { "cmd", "-f", "a b@x.example", "u=One", "u=two", "", "&z $(id)", "a$b",
        "Y.example", "z.example" };
    struct arena *arena = arena_new();
    struct agent_target targets[] = {
        { .recipient = { .address = "One@Y.example", .original = "" } },
        { .recipient = { .address = "two+&z $(id)@z.example", .original = "" } },
    };
    struct order order = { .arena = arena, .envelope.sender = "a b@x.example", .targets = targets, .target_count = 2 };
    struct pipe_attributes attributes = { .argv = argv, .argc = 7, .null_sender = "MAILER-DAEMON" };
    const char *unknown = "";

    char **arguments = pipe_arguments_expand(&attributes, &order, "+", &unknown);
    assert_non_null(arguments);
    for (size_t i = 0; i < COUNT_OF(expected); i++)
        assert_string_equal(arguments[i], expected[i]);
    assert_null(arguments[COUNT_OF(expected)]);
    argv[2] = "${nobody_knows}";
    assert_null(pipe_arguments_expand(&attributes, &order, "+", &unknown));
    assert_string_equal(unknown, "nobody_knows");
    arena_free(arena);
}

static void diagnostics_are_what_the_command_said_or_what_its_status_means(void **unused)
{
    static const struct { int status; const char *output; const char *diagnostic; } cases[] = {
        { 67 << 8, "", "user unknown" },
        { 69 << 8, "hello\nsecond", "hello second" },
        { 70 << 8, "5.7.9 hello", "hello" },
        { 70 << 8, "5.7.9", "internal software error" },
        { 3 << 8, "", "unknown mail system error 3" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str output = {0};
        struct str diagnostic = {0};
        print_message("%s\n", cases[i].diagnostic);
        str_put(&output, cases[i].output);
        exit_status_diagnostic(cases[i].status, &output, &diagnostic);
        assert_string_equal(str_text(&diagnostic), cases[i].diagnostic);
        str_free(&output);
        str_free(&diagnostic);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(diagnostics_are_what_the_command_said_or_what_its_status_means),
        cmocka_unit_test(exit_status_and_output_decide),
        cmocka_unit_test(macros_stay_one_argument_and_repeat_per_recipient),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
