/* test_ipc.c: descriptors and messages stay together; waiting ends in time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qmgr/client/intake_messages.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/io/fd.h"

static void open_channels(struct ipc_channel *ends[2], bool nonblocking)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    for (int i = 0; i < 2; i++) {
        fd_set_nonblocking(fds[i], nonblocking);
        ends[i] = ipc_open(fds[i]);
        ipc_take_descriptors(ends[i]);
    }
}

static void close_channels(struct ipc_channel *ends[2])
{
    ipc_close(ends[0]);
    ipc_close(ends[1]);
}

/* A descriptor that reads that byte. */
static int descriptor_with(char byte)
{
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], &byte, 1), 1);
    close(fds[1]);
    return fds[0];
}

/* Letters in capitals bring a descriptor. */
static void each_descriptor_comes_with_its_message(void **unused)
{
    static const char *const orders[] = { "A", "aA", "Aa", "aAbBcC", "ABCD", "AaaaB", "aaA" };

    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        struct ipc_channel *ends[2];
        unsigned type;
        open_channels(ends, true);
        for (const char *at = orders[i]; *at != '\0'; at++) {
            char id[2] = { *at, '\0' };
            if (*at < 'a')
                intake_ready_send(ends[0], &(struct intake_ready){ .queue_id = id, .content = descriptor_with(*at) });
            else
                intake_committed_send(ends[0], &(struct intake_committed){ .queue_id = id });
        }
        assert_true(ipc_flush(ends[0], clock_deadline_s(10)));
        for (const char *at = orders[i]; *at != '\0'; at++) {
            struct intake_ready ready;
            struct intake_committed committed;
            char byte;
            assert_true(ipc_receive(ends[1], &type, clock_deadline_s(10)));
            if (*at >= 'a') {
                assert_true(intake_committed_decode(ends[1], &committed));
                assert_int_equal(*committed.queue_id, *at);
                continue;
            }
            assert_true(intake_ready_decode(ends[1], &ready));
            assert_int_equal(read(ready.content, &byte, 1), 1);
            assert_int_equal(byte, *at);
            close(ready.content);
        }
        close_channels(ends);
    }
}

static void a_descriptor_is_the_channels_once_it_is_put(void **unused)
{
    struct ipc_channel *ends[2];
    int fd = descriptor_with('x');

    open_channels(ends, true);
    intake_ready_send(ends[0], &(struct intake_ready){ .queue_id = "x", .content = fd });
    close_channels(ends);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void a_descriptor_that_nobody_asked_for_ends_the_connection(void **unused)
{
    for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
        int fds[2];
        unsigned type;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        struct ipc_channel *channel = ipc_open(fds[0]);
        int fd = descriptor_with('x');
        assert_int_equal(fd_send(fds[1], "\0\0", 2, fd, 0), 2);
        fd_close(&fd);
        if (nonblocking) {
            assert_true(ipc_feed(channel));
            assert_false(ipc_next(channel, &type));
        } else {
            assert_false(ipc_receive(channel, &type, clock_deadline_s(10)));
        }
        assert_true(ipc_failed(channel));
        assert_string_equal(ipc_error(channel), "unexpected descriptor");
        ipc_close(channel);
        fd_close(&fds[1]);
    }
}

static void receiving_ends_at_its_deadline(void **unused)
{
    for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
        struct ipc_channel *ends[2];
        unsigned type;
        open_channels(ends, nonblocking);
        intake_committed_send(ends[0], &(struct intake_committed){ .queue_id = "one" });
        assert_true(ipc_flush(ends[0], clock_deadline_s(10)));
        assert_true(ipc_receive(ends[1], &type, clock_deadline_s(2)));
        int64_t began_ms = clock_monotonic_ms();
        assert_false(ipc_receive(ends[1], &type, clock_monotonic_ms() + 500));
        assert_in_range(clock_monotonic_ms() - began_ms, 490, 60000);
        assert_string_equal(ipc_error(ends[1]), "timeout");
        close_channels(ends);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_descriptor_comes_with_its_message),
        cmocka_unit_test(a_descriptor_is_the_channels_once_it_is_put),
        cmocka_unit_test(a_descriptor_that_nobody_asked_for_ends_the_connection),
        cmocka_unit_test(receiving_ends_at_its_deadline),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
