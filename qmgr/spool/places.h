/* places.h: files without content in spare/, made ahead in batches with one folder sync each, so that taking in a message
 * waits for no name to become durable. The batch grows while places go fast, and shrinks again. */
#ifndef QMGR_SPOOL_PLACES_H
#define QMGR_SPOOL_PLACES_H
#include <stdbool.h>

#include "qmgr/spool/spool.h"

struct places;

enum { PLACE_ID_BYTES = 32 }; /* short: 21 at most, long: 24 */

struct place {
    char id[PLACE_ID_BYTES];
    int fd; /* for reading and writing; the taker closes it */
};

/* NULL with errno: the folder can't be opened. long_ids: enable_long_queue_ids. spool is borrowed. */
struct places *places_new(struct spool *spool, bool long_ids);
/* Removes the places that nobody took, and makes no more ahead: another process is about to. */
void places_give_up(struct places *places);
/* The same, and the end. */
void places_free(struct places *places);

/* Takes one, making a batch when none is left. False with errno. */
bool places_take(struct places *places, struct place *place);
/* The message of that id in queue is done: its file becomes a place, if nobody else has it open; all of its bytes are zero
 * then. That spares the file system making and removing an inode, and the sync of a message that fits has no blocks to find.
 * False: nothing was done. */
bool places_retire(struct places *places, enum queue queue, const char *id);
/* Whether that one is here, free or waiting to be used again. */
bool places_has(const struct places *places, const char *id);
/* For idle moments: makes a batch when few are left. True if it made one. */
bool places_refill(struct places *places);
#endif
