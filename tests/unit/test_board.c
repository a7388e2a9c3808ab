/* Who is idle, as master and its workers see it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "master/worker/board.h"
#include "util/io/fd.h"
#include "util/sys/process.h"

static void the_last_one_who_becomes_busy_knows_it(void **unused)
{
    int fd = process_shared_memory(board_size(3));
    struct board *board = board_map(fd);

    assert_non_null(board);
    assert_int_equal(board_slot_count(board), 3);
    assert_false(board_anyone_idle(board));
    board_slot_open(board, 0);
    board_slot_open(board, 2);
    assert_true(board_anyone_idle(board));
    assert_false(board_set_busy(board, 0));
    assert_true(board_set_busy(board, 2));
    assert_false(board_anyone_idle(board));
    board_set_idle(board, 0);
    assert_true(board_anyone_idle(board));
    assert_true(board_slot_close(board, 0));
    assert_false(board_anyone_idle(board));
    board_unmap(board);
    fd_close(&fd);
}

static void a_worker_that_never_was_ready_is_told_from_others(void **unused)
{
    int fd = process_shared_memory(board_size(2));
    struct board *board = board_map(fd);

    board_slot_open(board, 0);
    board_slot_open(board, 1);
    board_set_idle(board, 1);
    assert_false(board_slot_close(board, 0));
    assert_true(board_slot_close(board, 1));
    assert_false(board_anyone_idle(board));
    board_unmap(board);
    fd_close(&fd);
}

/* A worker that was taken over can say nonsense, but nothing outside of its service's board. */
static void slots_that_do_not_exist_are_of_no_effect(void **unused)
{
    int fd = process_shared_memory(board_size(1));
    struct board *board = board_map(fd);

    board_set_idle(board, 1);
    board_set_idle(board, 100000);
    assert_false(board_set_busy(board, 7));
    assert_false(board_anyone_idle(board));
    board_unmap(board);
    fd_close(&fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_one_who_becomes_busy_knows_it),
        cmocka_unit_test(a_worker_that_never_was_ready_is_told_from_others),
        cmocka_unit_test(slots_that_do_not_exist_are_of_no_effect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
