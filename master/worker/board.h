/* board.h: memory that master shares with the workers of one service, where each shows whether it is idle. So a busy
 * service costs no system calls for bookkeeping. Master takes nothing from it but hints: when to start one more worker. */
#ifndef MASTER_WORKER_BOARD_H
#define MASTER_WORKER_BOARD_H
#include <stdbool.h>
#include <stddef.h>

struct board;

/* How many bytes of shared memory (process.h) so many slots need. */
size_t board_size(int slot_count);
/* Maps the descriptor's memory. NULL with errno. */
struct board *board_map(int fd);
void board_unmap(struct board *board); /* NULL is allowed */

/* How many workers fit on the page. */
int board_slot_count(const struct board *board);

/* Bytes that the workers of this service have in common and nobody else: keys of TLS session tickets come from them. They are
 * made anew with the service (master: board_make_secret; false where the system has no random numbers). */
enum { BOARD_SECRET_BYTES = 32 };
bool board_make_secret(struct board *board);
const unsigned char *board_secret(const struct board *board);

/* Master: before a worker starts in that slot (it counts as idle), and after it ended: whether it had got so
 * far as to say that it is idle. */
void board_slot_open(struct board *board, int slot);
bool board_slot_close(struct board *board, int slot);
/* Master: whether any worker is idle, as far as they say. */
bool board_anyone_idle(const struct board *board);
/* Master: workers that have a client finish with it, since what they were told has changed. */
void board_begin_generation(struct board *board);
unsigned board_generation(const struct board *board);
/* Master: how many workers are leaving. */
int board_leaving_count(const struct board *board);

/* Worker: changes its own slot. board_set_busy is true if it was the last idle one. */
bool board_set_busy(struct board *board, int slot);
void board_set_idle(struct board *board, int slot);
/* Serves those it has and takes nobody any more: a successor may start beside it. For good. */
void board_set_leaving(struct board *board, int slot);
#endif
