#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "local/deliver/macros.h"
#include "local/expand/destination.h"
#include "local/expand/list_file.h"
#include "local/expand/seen.h"
#include "local/mailbox/mail.h"
#include "local/mailbox/mailbox_lock.h"
#include "local/mailbox/maildir.h"
#include "util/base/memory.h"
#include "util/mail/exit_status.h"
#include "util/sys/child_command.h"

static void note(void *context, enum destination_kind kind, const char *text)
{
    static const char *const marks[] = {
        [DESTINATION_ADDRESS] = "A", [DESTINATION_FILE] = "F", [DESTINATION_COMMAND] = "C", [DESTINATION_INCLUDE] = "I",
    };

    str_printf(context, "%s<%s>", marks[kind], text);
}

static void destinations_are_told_apart(void **unused)
{
    static const struct { const char *line; const char *expected; } cases[] = {
        { "alice, bob@example.test", "A<alice>A<bob@example.test>" },
        { "alice bob", "A<alice>A<bob>" },
        { "\\alice", "A<alice>" },
        { "Bob B. <bob@example.test> (at home)", "A<bob@example.test>" },
        { "\"|/usr/bin/filter -a, -b\", carol", "C</usr/bin/filter -a, -b>A<carol>" },
        { "|exit 75, carol", "C<exit>A<75>A<carol>" },
        { "\"|IFS=' ' && exec filter \\\"x\\\"\"", "C<IFS=' ' && exec filter \"x\">" },
        { "/var/spool/list/archive, \"/with blank\"", "F</var/spool/list/archive>F</with blank>" },
        { ":include:/etc/list , dave", "I</etc/list>A<dave>" },
        { "|\"cat >x, y\", | \"exit 0\"", "C<cat >x, y>C<exit 0>" },
        { ":include:\"/etc/a list\"", "I</etc/a list>" },
        { "\":include:/etc/my list\"", "I</etc/my list>" },
        { ", ,", "" },
        { "", "" },
        { "\"unclosed ", "A<unclosed >" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str got = {0};
        print_message("%s\n", cases[i].line);
        (void)destination_parse(cases[i].line, 100, note, &got);
        assert_string_equal(str_text(&got), cases[i].expected);
        str_free(&got);
    }
}

static void list_files_have_comments_and_long_lines(void **unused)
{
    static const char text[] = "# alice\n  # bob\n\ncarol\n0123456789abcdef\ndave";
    char name[] = "/tmp/list_file.XXXXXX";
    struct str got = {0};
    int fd = mkstemp(name);

    assert_true(fd >= 0);
    (void)unlink(name);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(list_file_read(fd, 10, 100, note, &got), 4);
    assert_string_equal(str_text(&got), "A<carol>A<0123456789>A<abcdef>A<dave>");
    (void)close(fd);
    str_free(&got);
}

static void from_lines_are_quoted_wherever_blocks_end(void **unused)
{
    static const char text[] = "From a\nfrom b\n>From c\nFrom\nx From d\n\nFrom e";
    static const char expected[] = ">From a\nfrom b\n>From c\nFrom\nx From d\n\n>From e";

    for (size_t block = 1; block < sizeof(text); block++) {
        struct str out = {0};
        struct str pending = {0};
        bool line_start = true;
        for (size_t at = 0; at < strlen(text); at += block) {
            size_t left = strlen(text) - at;
            str_put_bytes(&pending, text + at, left < block ? left : block);
            size_t taken = mail_put_quoted(&out, pending.data, pending.length, left <= block, &line_start);
            memmove(pending.data, pending.data + taken, pending.length - taken);
            str_truncate(&pending, pending.length - taken);
        }
        assert_int_equal(pending.length, 0);
        assert_string_equal(str_text(&out), expected);
        str_free(&out);
        str_free(&pending);
    }
}

static void the_lead_names_sender_and_recipient(void **unused)
{
    struct mail mail = { .sender = "a b@client.example", .original = "list@example.test", .delivered_to = "alice@example.test" };
    struct str out = {0};

    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    mail_put_lead(&mail, MAIL_FROM_LINE, 1000000000, &out);
    assert_string_equal(str_text(&out), "From \"a b\"@client.example  Sun Sep  9 01:46:40 2001\n"
        "Return-Path: <\"a b\"@client.example>\nX-Original-To: list@example.test\nDelivered-To: alice@example.test\n");
    str_clear(&out);
    mail = (struct mail){ .sender = "", .original = "", .delivered_to = "" };
    mail_put_lead(&mail, 0, 1000000000, &out);
    assert_string_equal(str_text(&out), "Return-Path: <>\n");
    str_free(&out);
}

static void maildir_names_are_unique_to_file_and_host(void **unused)
{
    struct str name = {0};

    maildir_put_name(&name, 1000000000123456, 0xfe01, 0x1a2b, "mail/x");
    assert_string_equal(str_text(&name), "1000000000.Vfe01I1a2bM123456.mail_x");
    str_clear(&name);
    maildir_put_temporary_name(&name, 1000000000123456, 77, "mail");
    assert_string_equal(str_text(&name), "1000000000.P77.mail");
    str_free(&name);
}

static void unknown_locks_are_named(void **unused)
{
    struct str bad = {0};
    unsigned ways;

    assert_true(mailbox_lock_parse("fcntl, dotlock", &ways, &bad));
    assert_int_equal(ways, MAILBOX_LOCK_FCNTL | MAILBOX_LOCK_DOTLOCK);
    assert_false(mailbox_lock_parse("fcntl, padlock", &ways, &bad));
    assert_string_equal(str_text(&bad), "padlock");
    str_free(&bad);
}

static void shells_run_only_what_needs_one(void **unused)
{
    static const struct { const char *command; bool shell; } cases[] = {
        { "/usr/bin/filter -a x", false }, { "exit 75", true }, { "cat >/tmp/x", true }, { "filter $USER", true },
        { "A=b filter", true }, { "filter --x=y", false }, { "", true },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("%s\n", cases[i].command);
        assert_int_equal(child_command_needs_shell(cases[i].command), cases[i].shell);
    }
}

static void exit_statuses_have_meanings(void **unused)
{
    static const struct { int status; const char *output; int code; const char *dsn; const char *text; } cases[] = {
        { 67 << 8, "", 550, "5.1.1", "user unknown" },
        { 67 << 8, "a\tb\1c\n", 550, "5.1.1", "user unknown. Command output: a b_c " },
        { 67 << 8, "no mailbox\n", 550, "5.1.1", "user unknown. Command output: no mailbox " },
        { 75 << 8, "", 450, "4.3.0", "temporary failure" },
        { 1 << 8, "", 550, "5.3.0", "Command died with status 1: \"x\"" },
        { 9, "", 450, "4.3.0", "Command died with signal 9: \"x\"" },
        { 75 << 8, "5.2.1 off\n", 550, "5.2.1", "off " },
        { 1 << 8, "4.2.0 later", 450, "4.2.0", "later" },
        { 1 << 8, "4.2.0later", 550, "5.3.0", "Command died with status 1: \"x\". Command output: 4.2.0later" },
        { 1 << 8, "2.0.0 fine", 550, "5.3.0", "Command died with status 1: \"x\". Command output: 2.0.0 fine" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str output = {0};
        struct str why = {0};
        str_set(&output, cases[i].output);
        struct verdict verdict = exit_status_verdict(cases[i].status, "x", &output, &why);
        assert_int_equal(verdict.code, cases[i].code);
        assert_string_equal(verdict.status, cases[i].dsn);
        assert_string_equal(verdict.text, cases[i].text);
        str_free(&output);
        str_free(&why);
    }
}

static void macros_take_no_dangerous_characters(void **unused)
{
    struct config *config;
    struct str why = {0};
    struct order order = { .arena = arena_new() };
    struct account account = { .name = "alice", .home = "/home/alice", .shell = "/bin/sh" };
    struct step step = {
        .recipient = { .address = "alice+x;y@example.test" },
        .local = "alice+x;y",
        .user = "alice",
        .extension = "x;y",
        .domain = "example.test",
        .account = &account,
    };
    static const struct { const char *text; const char *expected; bool extension; } cases[] = {
        { "$home/.forward${recipient_delimiter}${extension}", "/home/alice/.forward+x_y", true },
        { "$home/.forward", "/home/alice/.forward", false },
        { "${extension?{yes}:{no}} $user@$domain", "yes alice@example.test", true },
        { "$local $recipient", "alice+x_y alice+x_y@example.test", false },
    };

    assert_true(config_from_text("recipient_delimiter = -+\n", NULL, 0, NULL, &config, &why));
    struct local local = { .config = config };
    struct delivery delivery = { .local = &local, .order = &order };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str out = {0};
        struct macros_use use;
        print_message("%s\n", cases[i].text);
        assert_true(macros_expand(&delivery, &step, cases[i].text, "+@./abcdefghijklmnopqrstuvwxyz", &out, &use));
        assert_string_equal(str_text(&out), cases[i].expected);
        assert_int_equal(use.extension, cases[i].extension);
        str_free(&out);
    }
    config_free(config);
    arena_free(order.arena);
    str_free(&why);
}

static void each_is_seen_once(void **unused)
{
    struct seen *seen = seen_new(2);

    assert_true(seen_first(seen, "mailbox", "alice"));
    assert_false(seen_first(seen, "mailbox", "Alice"));
    assert_true(seen_first(seen, "file", "alice"));
    assert_true(seen_first(seen, "file", "bob")); /* beyond the limit: not remembered */
    assert_true(seen_first(seen, "file", "bob"));
    seen_free(seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(destinations_are_told_apart),
        cmocka_unit_test(list_files_have_comments_and_long_lines),
        cmocka_unit_test(from_lines_are_quoted_wherever_blocks_end),
        cmocka_unit_test(the_lead_names_sender_and_recipient),
        cmocka_unit_test(maildir_names_are_unique_to_file_and_host),
        cmocka_unit_test(unknown_locks_are_named),
        cmocka_unit_test(shells_run_only_what_needs_one),
        cmocka_unit_test(exit_statuses_have_meanings),
        cmocka_unit_test(macros_take_no_dangerous_characters),
        cmocka_unit_test(each_is_seen_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
