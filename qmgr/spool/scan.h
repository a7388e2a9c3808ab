/* scan.h: walks through one queue's files a few at a time, so that a long queue never holds up the event loop. */
#ifndef QMGR_SPOOL_SCAN_H
#define QMGR_SPOOL_SCAN_H
#include <stdbool.h>

#include "qmgr/spool/spool.h"

struct scan;

/* Never NULL; a folder that can't be read is logged and counts as empty. */
struct scan *scan_open(struct spool *spool, enum queue queue);
void scan_close(struct scan *scan); /* NULL is allowed */

/* The next file name that could be a queue id, valid until the next call; NULL at the end. Files may vanish
 * meanwhile. */
const char *scan_next(struct scan *scan);
/* The folder that the last name was found in, borrowed. */
int scan_folder(const struct scan *scan);
#endif
