#include "master/worker/board.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/base/memory.h"

enum { SLOT_BUSY, SLOT_LEAVING, SLOT_IDLE, SLOT_STARTING }; /* the last two count as idle */

static bool counts_as_idle(uint8_t value)
{
    return value >= SLOT_IDLE;
}

/* What lies in the shared memory: the secret, the number of idle workers, which generation of them is
 * wanted, then one byte per slot. */
struct shared {
    unsigned char secret[BOARD_SECRET_BYTES];
    _Atomic int32_t idle;
    _Atomic uint32_t generation;
    _Atomic uint8_t slots[];
};

struct board {
    struct shared *shared;
    int slot_count;
};

size_t board_size(int slot_count)
{
    return sizeof(struct shared) + (size_t)slot_count;
}

struct board *board_map(int fd)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return NULL;
    if (status.st_size <= (off_t)sizeof(struct shared) || status.st_size > INT_MAX) {
        errno = EINVAL;
        return NULL;
    }
    int slot_count = (int)status.st_size - (int)sizeof(struct shared);
    void *memory = mmap(NULL, board_size(slot_count), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (memory == MAP_FAILED)
        return NULL;
    struct board *board = memory_new(struct board);
    board->shared = memory;
    board->slot_count = slot_count;
    return board;
}

void board_unmap(struct board *board)
{
    if (board != NULL)
        (void)munmap(board->shared, board_size(board->slot_count)); /* the memory is going away either way */
    free(board);
}

bool board_make_secret(struct board *board)
{
    return getentropy(board->shared->secret, BOARD_SECRET_BYTES) == 0;
}

const unsigned char *board_secret(const struct board *board)
{
    return board->shared->secret;
}

void board_begin_generation(struct board *board)
{
    (void)atomic_fetch_add(&board->shared->generation, 1); /* wherever it began */
}

unsigned board_generation(const struct board *board)
{
    return atomic_load(&board->shared->generation);
}

int board_slot_count(const struct board *board)
{
    return board->slot_count;
}

bool board_set_busy(struct board *board, int slot)
{
    if (slot >= board->slot_count || !counts_as_idle(atomic_exchange(&board->shared->slots[slot], SLOT_BUSY)))
        return false;
    return atomic_fetch_sub(&board->shared->idle, 1) <= 1;
}

static void set(struct board *board, int slot, uint8_t value)
{
    if (slot < board->slot_count && !counts_as_idle(atomic_exchange(&board->shared->slots[slot], value)))
        (void)atomic_fetch_add(&board->shared->idle, 1); /* the value before is of no interest */
}

void board_set_idle(struct board *board, int slot)
{
    set(board, slot, SLOT_IDLE);
}

void board_slot_open(struct board *board, int slot)
{
    set(board, slot, SLOT_STARTING);
}

bool board_slot_close(struct board *board, int slot)
{
    bool had_started = atomic_load(&board->shared->slots[slot]) != SLOT_STARTING;

    (void)board_set_busy(board, slot); /* nobody is left to be idle there */
    return had_started;
}

void board_set_leaving(struct board *board, int slot)
{
    (void)board_set_busy(board, slot); /* who counts the idle ones looks anew anyway */
    if (slot < board->slot_count)
        atomic_store(&board->shared->slots[slot], SLOT_LEAVING);
}

int board_leaving_count(const struct board *board)
{
    int count = 0;

    for (int slot = 0; slot < board->slot_count; slot++)
        count += atomic_load(&board->shared->slots[slot]) == SLOT_LEAVING;
    return count;
}

bool board_anyone_idle(const struct board *board)
{
    return atomic_load(&board->shared->idle) > 0;
}
