/* test_stream.c: reading and writing end in time, whatever waits: the read itself or poll. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/io/fd.h"
#include "util/io/stream.h"

enum kind { BLOCKING, NONBLOCKING, PIPE };

static struct stream *open_pair(enum kind kind, int *other)
{
    int fds[2];

    if (kind == PIPE)
        assert_int_equal(pipe(fds), 0);
    else
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    fd_set_nonblocking(fds[0], kind == NONBLOCKING);
    *other = fds[1];
    return stream_open(fds[0]);
}

static int64_t time_of_fill(struct stream *stream, enum stream_status wanted)
{
    int64_t began_ms = clock_monotonic_ms();

    assert_int_equal(stream_fill(stream), wanted);
    return clock_monotonic_ms() - began_ms;
}

static void a_read_ends_at_its_time_limit_whatever_the_descriptor_is(void **unused)
{
    for (enum kind kind = BLOCKING; kind <= PIPE; kind++) {
        int other;
        struct stream *stream = open_pair(kind, &other);
        stream_set_timeout(stream, 1);
        int64_t took_ms = time_of_fill(stream, STREAM_TIMEOUT);
        assert_in_range(took_ms, 900, 60000);
        stream_close(stream);
        close(other);
    }
}

/* The socket's own limit was set by the first read. */
static void a_limit_that_changes_between_reads_holds(void **unused)
{
    static const struct { int64_t first_s; int64_t second_s; int64_t least_ms; int64_t most_ms; } cases[] = {
        { 300, 1, 900, 200000 },
        { 1, 2, 1900, 60000 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int other;
        size_t length;
        struct stream *stream = open_pair(BLOCKING, &other);
        stream_set_timeout(stream, cases[i].first_s);
        assert_int_equal(write(other, "x", 1), 1);
        assert_int_equal(stream_fill(stream), STREAM_OK);
        stream_set_timeout(stream, cases[i].second_s);
        int64_t took_ms = time_of_fill(stream, STREAM_TIMEOUT);
        assert_in_range(took_ms, cases[i].least_ms, cases[i].most_ms);
        (void)stream_peek(stream, &length);
        assert_int_equal(length, 1);
        stream_close(stream);
        close(other);
    }
}

static void a_deadline_ends_a_read_before_its_limit(void **unused)
{
    for (enum kind kind = BLOCKING; kind <= PIPE; kind++) {
        int other;
        struct stream *stream = open_pair(kind, &other);
        stream_set_timeout(stream, 300);
        stream_set_deadline(stream, clock_monotonic_ms() + 300);
        assert_in_range(time_of_fill(stream, STREAM_TIMEOUT), 290, 200000);
        stream_close(stream);
        close(other);
    }
}

static void what_is_written_is_sent_before_a_read_waits(void **unused)
{
    int other;
    char bytes[8];
    struct stream *stream = open_pair(BLOCKING, &other);

    stream_set_timeout(stream, 1);
    stream_put(stream, "220 hi");
    assert_int_equal(stream_fill(stream), STREAM_TIMEOUT);
    assert_int_equal(recv(other, bytes, sizeof(bytes), MSG_DONTWAIT), 6);
    stream_close(stream);
    close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_read_ends_at_its_time_limit_whatever_the_descriptor_is),
        cmocka_unit_test(a_limit_that_changes_between_reads_holds),
        cmocka_unit_test(a_deadline_ends_a_read_before_its_limit),
        cmocka_unit_test(what_is_written_is_sent_before_a_read_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
