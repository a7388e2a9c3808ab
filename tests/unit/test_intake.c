/* test_intake.c: intake against a queue manager played by a child process: what stands in the queue file in the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qmgr/client/intake_messages.h"
#include "qmgr/client/message_file.h"
#include "qmgr/intake/intake.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/str.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"

static char folder[64];
static char socket_path[80];
static pid_t manager;

static void file_path(char *path, size_t size, const char *queue_id)
{
    snprintf(path, size, "%s/%s", folder, queue_id);
}

static void lend(struct ipc_channel *channel, int *number)
{
    char id[32];
    char path[128];

    snprintf(id, sizeof(id), "Q%d", ++*number);
    file_path(path, sizeof(path), id);
    int fd = open(path, O_CREAT | O_RDWR | O_TRUNC, 0600);
    intake_ready_send(channel, &(struct intake_ready){ .queue_id = id, .content = fd });
}

static void serve(struct ipc_channel *channel, int *number)
{
    struct intake_commit commit;
    struct intake_open open_message;
    struct intake_abandon abandon;
    unsigned type;

    while (ipc_receive(channel, &type, clock_deadline_s(20))) {
        if (type == intake_open_type && intake_open_decode(channel, &open_message)) {
            lend(channel, number);
        } else if (type == intake_commit_type && intake_commit_decode(channel, &commit)) {
            bool another = commit.another;
            intake_committed_send(channel, &(struct intake_committed){ .queue_id = commit.queue_id });
            if (another)
                lend(channel, number);
        } else if (type == intake_abandon_type && intake_abandon_decode(channel, &abandon)) {
            char path[128];
            file_path(path, sizeof(path), abandon.queue_id);
            unlink(path);
        }
        if (!ipc_flush(channel, clock_deadline_s(5)))
            break;
    }
    ipc_close(channel);
}

static int start_manager(void **unused)
{
    int number = 0;

    snprintf(folder, sizeof(folder), "/tmp/test_intake.XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(socket_path, sizeof(socket_path), "%s/intake", folder);
    int listener = fd_listen_unix(socket_path, 0600, 5);
    manager = fork();
    if (manager != 0) {
        close(listener);
        return manager > 0 ? 0 : -1;
    }
    alarm(60);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0)
            serve(ipc_open(fd), &number);
    }
}

static int stop_manager(void **unused)
{
    int status = 1;

    kill(manager, SIGTERM);
    waitpid(manager, NULL, 0);
    pid_t pid = fork();
    if (pid == 0) {
        execlp("rm", "rm", "-rf", folder, (char *)NULL);
        _exit(1);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid ? status : 1;
}

/* --- one message through intake --- */

struct outcome {
    bool accepted;
    struct verdict verdict;
    struct str text;         /* head, empty line, body with LF */
    struct arena *arena;
    struct envelope envelope;
    struct config *config;
    struct intake *intake;
};

static void read_back(struct outcome *outcome, const char *queue_id)
{
    char path[128];
    struct message_file file;
    struct message_reader reader;
    const char *why = "";

    file_path(path, sizeof(path), queue_id);
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    if (!message_file_read_header(fd, &file, &why) || !message_file_read_envelope(fd, &file, outcome->arena, &outcome->envelope, &why))
        fail_msg("%s", why);
    message_reader_start(&reader, fd, &file);
    while (message_reader_text(&reader, &outcome->text, 10000))
        ;
    close(fd);
}

static const char config_head[] = "myhostname = mail.example.test\nmydomain = example.test\nmyorigin = $myhostname\n"
    "mydestination = $myhostname, example.test\n";

static uint32_t notify; /* of the recipients of run */

/* recipients: separated by blanks. content: lines that end in LF. */
static struct outcome run(const char *settings, uint32_t options, const char *sender, const char *recipients, const char *content)
{
    struct outcome outcome = { .arena = arena_new() };
    struct str text = {0};
    struct str why = {0};
    struct verdict begin_why;
    const char *word;
    size_t length;

    str_printf(&text, "%s%s", config_head, settings);
    if (!config_from_text(str_text(&text), NULL, 0, "cleanup", &outcome.config, &why))
        fail_msg("%s", str_text(&why));
    outcome.intake = intake_open(outcome.config, outcome.config, socket_path, "smtpd");
    struct intake_begin begin = { .options = options, .origin = "client[192.0.2.1]", .helo = "client", .protocol = "ESMTP" };
    struct intake_message *message = intake_begin(outcome.intake, &begin, &begin_why);
    assert_non_null(message);
    char *queue_id = memory_copy_text(intake_queue_id(message));
    intake_sender(message, sender, "", RET_UNSET);
    while (text_next_word(&recipients, " ", &word, &length)) {
        char *address = memory_copy_bytes(word, length);
        intake_recipient(message, &(struct recipient){ .address = address, .original = "", .dsn_orcpt = "", .notify = notify });
        free(address);
    }
    for (const char *lf; (lf = strchr(content, '\n')) != NULL; content = lf + 1)
        intake_text(message, content, (size_t)(lf - content), true);
    outcome.accepted = intake_end(message, &outcome.verdict);
    if (outcome.accepted && access(folder, R_OK) == 0)
        read_back(&outcome, queue_id);
    free(queue_id);
    str_free(&text);
    str_free(&why);
    return outcome;
}

static void release(struct outcome *outcome)
{
    intake_close(outcome->intake);
    config_free(outcome->config);
    arena_free(outcome->arena);
    str_free(&outcome->text);
}

static void put_recipients(const struct envelope *envelope, struct str *out)
{
    for (size_t i = 0; i < envelope->recipient_count; i++)
        str_printf(out, "%s%s(%s)", i > 0 ? " " : "", envelope->recipients[i].address, envelope->recipients[i].original);
}

/* With CRLF at the end of each line. */
static size_t wire_length(const char *text)
{
    size_t length = 0;

    for (; *text != '\0'; text++)
        length += *text == '\n' ? 2 : 1;
    return length;
}

static void content_arrives_as_it_was_sent(void **unused)
{
    static const struct { const char *content; const char *expected; } cases[] = {
        { "Subject: x\n\n.dot\n..two\n\n.\nend\n", "Subject: x\n\n.dot\n..two\n\n.\nend\n" },
        { "Subject: only\n", "Subject: only\n" },
        { "Subject: x\n\n", "Subject: x\n\n" },
        { "no header\nSubject: x\n", "\nno header\nSubject: x\n" },
        { " Subject: leading\nTo: bob\n\nx\n", "\n Subject: leading\nTo: bob\n\nx\n" },
        { ": colon\n", "\n: colon\n" },
        { "X Y: z\n", "\nX Y: z\n" },
        { "Subject : x\nX-F   : a\n b\n\n", "Subject: x\nX-F: a\n b\n\n" },
        { "Subject: w\n \nTo: bob\n\nb\rc\n", "Subject: w\n \nTo: bob\n\nb c\n" },
        { "Bcc: a\nReturn-Path: <x>\nContent-Length: 3\nTo: c\n\n", "To: c\n\n" },
        { "", "" },
        { "\nx\n", "\nx\n" },
        { "Content-Type: multipart/mixed; boundary=a\n\n--a\nX: y\n\nb\n--a--\n", "Content-Type: multipart/mixed; boundary=a\n\n--a\nX: y\n\nb\n--a--\n" },
        { "Content-Type: multipart/mixed; boundary=a\n\n--a\nnot a header\n--a\n\n--a--\nx\n",
            "Content-Type: multipart/mixed; boundary=a\n\n--a\nnot a header\n--a\n\n--a--\nx\n" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct outcome outcome = run("", 0, "a@client.example", "alice@example.test", cases[i].content);
        assert_true(outcome.accepted);
        assert_string_equal(str_text(&outcome.text), cases[i].expected);
        assert_int_equal(outcome.envelope.size_bytes, wire_length(cases[i].expected));
        release(&outcome);
    }
}

static void envelope_addresses_are_mapped(void **unused)
{
    static const struct { const char *settings; const char *recipients; const char *expected; } cases[] = {
        { "", "alice alice@example.test", "alice@mail.example.test(alice) alice@example.test(alice@example.test)" },
        { "", "a@b.example A@B.EXAMPLE a@b.example", "a@b.example(a@b.example)" },
        { "virtual_alias_maps = inline:{v@example.test=alice@example.test}\n", "v@example.test alice@example.test",
            "alice@example.test(v@example.test) alice@example.test(alice@example.test)" },
        { "virtual_alias_maps = inline:{v@example.test=alice@example.test}\nenable_original_recipient = no\n",
            "v@example.test alice@example.test", "alice@example.test(v@example.test)" },
        { "virtual_alias_maps = inline:{{s@example.test=s@example.test, alice@example.test}}\n", "s@example.test",
            "s@example.test(s@example.test) alice@example.test(s@example.test)" },
        { "virtual_alias_maps = inline:{v@example.test=<>}\n", "v@example.test", "(v@example.test)" },
        { "canonical_maps = inline:{al@example.test=alice}\nrecipient_delimiter = +\n", "al+x@example.test",
            "alice+x@mail.example.test(al+x@example.test)" },
        { "canonical_maps = inline:{@old.example=@new.example}\n", "u@old.example", "u@new.example(u@old.example)" },
        { "masquerade_domains = !keep.example.test example.test\nmasquerade_classes = envelope_recipient\n"
          "masquerade_exceptions = root\n", "b@a.b.example.test root@c.example.test d@x.keep.example.test",
            "b@example.test(b@a.b.example.test) root@c.example.test(root@c.example.test) d@x.keep.example.test(d@x.keep.example.test)" },
        { "always_bcc = carol@example.test\n", "carol@example.test", "carol@example.test(carol@example.test) carol@example.test(carol@example.test)" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct outcome outcome = run(cases[i].settings, 0, "a@client.example", cases[i].recipients, "Subject: x\n\n");
        struct str got = {0};
        assert_true(outcome.accepted);
        put_recipients(&outcome.envelope, &got);
        assert_string_equal(str_text(&got), cases[i].expected);
        str_free(&got);
        release(&outcome);
    }
}

static void bad_messages_are_refused(void **unused)
{
    static const struct { const char *settings; const char *content; int code; const char *status; const char *text; } cases[] = {
        { "hopcount_limit = 2\n", "Received: a\nReceived: b\n\n", 554, "5.4.0", "Error: too many hops" },
        { "message_size_limit = 40\n", "Subject: x\n\n1234567890\n1234567890\n1234567890\n", 552, "5.3.4", "Error: message file too big" },
        { "header_checks = regexp:{{/^Subject: plain/ REJECT},{/^X/ REJECT 4.7.1 try later}}\n", "Subject: plain\n\n", 550, "5.7.1",
            "message content rejected" },
        { "header_checks = regexp:{{/^X/ REJECT 4.7.1 try later}}\n", "X: y\n\n", 451, "4.7.1", "try later" },
        { "body_checks = regexp:{{/^bad body$$/ REJECT body is bad}}\n", "X: y\n\nbad body\n", 550, "5.7.1", "body is bad" },
        { "message_reject_characters = \\1\n", "X: \001y\n\n", 550, "5.7.1", "disallowed character" },
        { "strict_7bit_headers = yes\n", "X: \351y\n\n", 550, "5.6.0", "improper use of 8-bit data in message header" },
        { "strict_8bitmime_body = yes\n", "X: y\n\n\351\n", 550, "5.6.0", "improper use of 8-bit data in message body" },
        { "strict_mime_encoding_domain = yes\n", "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n", 550,
            "5.6.0", "invalid message/* or multipart/* encoding domain" },
        { "virtual_alias_maps = regexp:{{/^(alice.*)@/ x$$1@example.test}, {/^(x.*)@/ x$$1@example.test}}\nvirtual_alias_recursion_limit = 5\n",
            "X: y\n\n", 451, "4.6.0", "Alias expansion error" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct outcome outcome = run(cases[i].settings, 0, "a@client.example", "alice@example.test", cases[i].content);
        assert_false(outcome.accepted);
        assert_int_equal(outcome.verdict.code, cases[i].code);
        assert_string_equal(outcome.verdict.status, cases[i].status);
        assert_string_equal(outcome.verdict.text, cases[i].text);
        release(&outcome);
    }
}

static void local_headers_are_rewritten(void **unused)
{
    struct outcome outcome = run("canonical_maps = inline:{al@example.test=alice@example.test}\n", INTAKE_LOCAL_REWRITE,
        "a@client.example", "bob@example.test",
        "From: al@example.test\nTo: bob, (c) carol\nCc: \"a@b\", \"c!d\"\nMessage-Id: <x>\nDate: y\nSubject: al@example.test\n\n");

    assert_string_equal(str_text(&outcome.text),
        "From: alice@example.test\nTo: bob@mail.example.test, carol@mail.example.test (c)\n"
        "Cc: \"a@b\"@mail.example.test, c!d@mail.example.test\nMessage-Id: <x>\nDate: y\n"
        "Subject: al@example.test\n\n");
    release(&outcome);
}

static void checks_change_the_content(void **unused)
{
    struct outcome outcome = run("header_checks = regexp:{{/^Subject: (.*)/ REPLACE Subject: [tag] $$1},{/^X-One/ PREPEND X-Zero: 0},"
                                 "{/^X-Ig/ IGNORE},{/^X-H/ HOLD},{/^X-F/ FILTER smtp:[127.0.0.1]},{/^X-B/ BCC b@example.test}}\n"
                                 "body_checks = regexp:{{/^mark/ PREPEND before},{/^drop/ IGNORE},{/^old (.*)/ REPLACE new $$1}}\n",
        0, "a@client.example", "bob@example.test",
        "Subject: a\n  b\nX-One: 1\nX-Ig: x\nX-H: h\nX-F: f\nX-B: b\n\nmark\ndrop\nold text\n");
    struct str got = {0};

    assert_string_equal(str_text(&outcome.text),
        "Subject: [tag] a\n  b\nX-Zero: 0\nX-One: 1\nX-H: h\nX-F: f\nX-B: b\n\nbefore\nmark\nnew text\n");
    assert_true(outcome.envelope.flags & ENVELOPE_HOLD);
    assert_string_equal(envelope_attribute(&outcome.envelope, ATTRIBUTE_CONTENT_FILTER), "smtp:[127.0.0.1]");
    put_recipients(&outcome.envelope, &got);
    assert_string_equal(str_text(&got), "bob@example.test(bob@example.test) b@example.test(b@example.test)");
    assert_int_equal(outcome.envelope.recipients[1].notify, NOTIFY_NEVER);
    str_free(&got);
    release(&outcome);
}

static void after_a_redirection_nothing_is_checked(void **unused)
{
    struct outcome outcome = run("header_checks = regexp:{{/^X-R/ REDIRECT c@example.test},{/^X-Ig/ IGNORE}}\n"
                                 "mime_header_checks = regexp:{{/^MIME-Version/ IGNORE}}\ndisable_mime_input_processing = yes\n"
                                 "body_checks = regexp:{{/^drop/ IGNORE}}\n",
        0, "a@client.example", "bob@example.test", "MIME-Version: 1.0\nX-Ig: 1\nX-R: 1\nX-Ig: 2\n\ndrop\n");
    struct str got = {0};

    assert_string_equal(str_text(&outcome.text), "X-R: 1\nX-Ig: 2\n\ndrop\n");
    put_recipients(&outcome.envelope, &got);
    assert_string_equal(str_text(&got), "c@example.test(bob@example.test)");
    str_free(&got);
    release(&outcome);
}

static void a_refused_submission_is_queued_for_its_bounce(void **unused)
{
    struct outcome outcome = run("header_checks = regexp:{{/^X/ REJECT 550 go away}}\n", INTAKE_BOUNCE_REJECTED, "root", "alice",
        "X: y\nTo: z\n\nbody\n");

    assert_true(outcome.accepted);
    assert_string_equal(str_text(&outcome.text), "X: y\nTo: z\n\n");
    assert_string_equal(envelope_attribute(&outcome.envelope, ATTRIBUTE_CONTENT_FILTER), "error:5.7.1 550 go away");
    release(&outcome);
}

static void an_alias_is_told_as_expanded_and_its_members_are_not(void **unused)
{
    static const struct { const char *recipient; uint32_t notify; const char *expected; } cases[] = {
        { "two@example.test", NOTIFY_SUCCESS | NOTIFY_FAILURE,
            "two@example.test:2 expanded, alice@example.test:4, bob@example.test:4" },
        { "one@example.test", NOTIFY_SUCCESS, "one@example.test:2 expanded, alice@example.test:1" },
        { "two@example.test", NOTIFY_FAILURE, "alice@example.test:4, bob@example.test:4" },
        { "two@example.test", 0, "alice@example.test:0, bob@example.test:0" },
        { "same@example.test", NOTIFY_SUCCESS, "same@example.test:2" },
        { "alice@example.test", NOTIFY_SUCCESS, "alice@example.test:2" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str got = {0};
        notify = cases[i].notify;
        struct outcome outcome = run("virtual_alias_maps = inline:{{two@example.test=alice@example.test, bob@example.test}, "
            "{one@example.test=alice@example.test}, {same@example.test=same@example.test}}\n", INTAKE_SMTP, "s@example.test",
            cases[i].recipient, "Subject: x\n\n");
        for (size_t r = 0; r < outcome.envelope.recipient_count; r++) {
            const struct recipient *recipient = &outcome.envelope.recipients[r];
            str_printf(&got, "%s%s:%u%s", r > 0 ? ", " : "", recipient->address, (unsigned)recipient->notify,
                recipient->expanded ? " expanded" : "");
        }
        assert_string_equal(str_text(&got), cases[i].expected);
        str_free(&got);
        release(&outcome);
    }
    notify = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alias_is_told_as_expanded_and_its_members_are_not),
        cmocka_unit_test(content_arrives_as_it_was_sent),
        cmocka_unit_test(envelope_addresses_are_mapped),
        cmocka_unit_test(bad_messages_are_refused),
        cmocka_unit_test(local_headers_are_rewritten),
        cmocka_unit_test(checks_change_the_content),
        cmocka_unit_test(after_a_redirection_nothing_is_checked),
        cmocka_unit_test(a_refused_submission_is_queued_for_its_bounce),
    };

    return cmocka_run_group_tests(tests, start_manager, stop_manager);
}
