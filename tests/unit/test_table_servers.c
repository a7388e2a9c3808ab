/* Tables on servers: replies of socketmap: and tcp: taken apart; one connection for all tables; a closed one is made anew. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/base/memory.h"
#include "util/io/fd.h"
#include "util/table/socketmap_reply.h"
#include "util/table/table.h"
#include "util/table/tcp_reply.h"

static void lengths_are_bounded(void **unused)
{
    static const struct { const char *text; enum socketmap_length wanted; size_t header; size_t length; } cases[] = {
        { "5:OK xy,", SOCKETMAP_LENGTH_DONE, 2, 5 },
        { "05:OK xy,", SOCKETMAP_LENGTH_DONE, 3, 5 },
        { "100000:", SOCKETMAP_LENGTH_DONE, 7, 100000 },
        { "100001:", SOCKETMAP_LENGTH_TOO_LONG, 0, 0 },
        { "99999999999999999999999:", SOCKETMAP_LENGTH_TOO_LONG, 0, 0 },
        { "000000000000000000000000", SOCKETMAP_LENGTH_MALFORMED, 0, 0 },
        { "", SOCKETMAP_LENGTH_MORE, 0, 0 },
        { "12", SOCKETMAP_LENGTH_MORE, 0, 0 },
        { ":", SOCKETMAP_LENGTH_MALFORMED, 0, 0 },
        { "-1:", SOCKETMAP_LENGTH_MALFORMED, 0, 0 },
        { "5OK xy,", SOCKETMAP_LENGTH_MALFORMED, 0, 0 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t header = 0;
        size_t length = 0;
        enum socketmap_length got = socketmap_reply_length(cases[i].text, strlen(cases[i].text), &header, &length);
        if (got != cases[i].wanted || header != cases[i].header || length != cases[i].length)
            fail_msg("\"%s\": %d, %zu, %zu", cases[i].text, (int)got, header, length);
    }
}

static void socketmap_replies_are_known_words(void **unused)
{
    static const struct { const char *text; enum socketmap_status wanted; const char *rest; } cases[] = {
        { "OK value", SOCKETMAP_OK, "value" },
        { "OK  two", SOCKETMAP_OK, " two" },
        { "OK ", SOCKETMAP_OK, "" },
        { "OK", SOCKETMAP_NOTFOUND, "" },
        { "NOTFOUND ", SOCKETMAP_NOTFOUND, "" },
        { "NOTFOUND", SOCKETMAP_NOTFOUND, "" },
        { "TEMP why", SOCKETMAP_TEMP, "why" },
        { "TIMEOUT ", SOCKETMAP_TIMEOUT, "" },
        { "PERM no", SOCKETMAP_PERM, "no" },
        { "ok value", SOCKETMAP_UNKNOWN, "value" },
        { "OKvalue", SOCKETMAP_UNKNOWN, "" },
        { "", SOCKETMAP_UNKNOWN, "" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str content = {0};
        str_put(&content, cases[i].text);
        enum socketmap_status got = socketmap_reply_parse(&content);
        if (got != cases[i].wanted || strcmp(str_text(&content), cases[i].rest) != 0)
            fail_msg("\"%s\": %d \"%s\"", cases[i].text, (int)got, str_text(&content));
        str_free(&content);
    }
}

static void tcp_replies_are_decoded(void **unused)
{
    static const struct { const char *line; enum tcp_reply wanted; const char *text; } cases[] = {
        { "200 value", TCP_REPLY_FOUND, "value" },
        { "200 a%20b%4A%4a", TCP_REPLY_FOUND, "a bJJ" },
        { "200\tx", TCP_REPLY_FOUND, "x" },
        { "200 a%00b", TCP_REPLY_FOUND, "a" },
        { "500 no", TCP_REPLY_ABSENT, "no" },
        { "400 ", TCP_REPLY_ERROR, "" },
        { "300 x", TCP_REPLY_BAD_CODE, "x" },
    };
    static const char *const malformed[] = { "", "2", "200", "200x", "2000 x", " 200 x", "-20 x", "200 a%zz", "200 a%4", "500 %" };
    struct str text = {0};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        enum tcp_reply got = tcp_reply_parse(cases[i].line, &text);
        if (got != cases[i].wanted || strcmp(str_text(&text), cases[i].text) != 0)
            fail_msg("\"%s\": %d \"%s\"", cases[i].line, (int)got, str_text(&text));
    }
    for (size_t i = 0; i < COUNT_OF(malformed); i++) {
        if (tcp_reply_parse(malformed[i], &text) != TCP_REPLY_MALFORMED)
            fail_msg("\"%s\" is taken for a reply", malformed[i]);
    }
    str_clear(&text);
    tcp_reply_encode(&text, "a b%\n\xc3\xa4");
    assert_string_equal(str_text(&text), "a%20b%25%0A%C3%A4");
    str_free(&text);
}

/* Answers each request with the number of its connection, and ends a connection after two of them. */
static _Noreturn void serve(int listener)
{
    char request[1000];
    char reply[] = "4:OK 0,";

    for (;;) {
        int fd = accept(listener, NULL, NULL);
        reply[5]++;
        for (int i = 0; i < 2 && fd >= 0 && recv(fd, request, sizeof(request), 0) > 0; i++)
            (void)send(fd, reply, strlen(reply), MSG_NOSIGNAL); /* the other side notices */
        fd_close(&fd);
    }
}

static void one_connection_serves_all_tables(void **unused)
{
    static const char *const wanted[] = { "1", "1", "2", "2", "3" };
    struct str path = {0};
    struct str first = {0};
    struct str second = {0};

    str_printf(&path, "/tmp/test_table_servers.%ld", (long)getpid());
    str_printf(&first, "socketmap:unix:%s:one", str_text(&path));
    str_printf(&second, "socketmap:unix:%s:two", str_text(&path));
    int listener = fd_listen_unix(str_text(&path), 0600, 5);
    assert_true(listener >= 0);
    pid_t server = fork();
    if (server == 0)
        serve(listener);
    struct table *tables[2] = { table_open(NULL, str_text(&first), 0), table_open(NULL, str_text(&second), 0) };
    struct str value = {0};
    assert_true(table_may_wait(tables[0]) && !table_is_fixed(tables[0]));
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        assert_int_equal(table_find(tables[i % 2], "key", &value), TABLE_FOUND);
        assert_string_equal(str_text(&value), wanted[i]);
    }
    table_close(tables[0]);
    table_close(tables[1]);
    (void)kill(server, SIGKILL);
    assert_int_equal(waitpid(server, NULL, 0), server);
    (void)unlink(str_text(&path)); /* only tidiness */
    fd_close(&listener);
    str_free(&path);
    str_free(&first);
    str_free(&second);
    str_free(&value);
}

static void bad_names_are_refused_at_once(void **unused)
{
    static const char *const names[] = { "socketmap:x", "socketmap:inet:a", "socketmap:inet::x", "socketmap:unix::x",
        "socketmap:file:/x:y", "tcp:", "socketmap:" };

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct table *table = table_open(NULL, names[i], TABLE_QUIET);
        if (table_why_unavailable(table) == NULL)
            fail_msg("%s is taken", names[i]);
        table_close(table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(socketmap_replies_are_known_words),
        cmocka_unit_test(tcp_replies_are_decoded),
        cmocka_unit_test(one_connection_serves_all_tables),
        cmocka_unit_test(bad_names_are_refused_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
