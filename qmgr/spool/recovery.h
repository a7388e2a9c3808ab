/* recovery.h: what start-up does to the queue folders, by the table of states in ARCHITECTURE.md. */
#ifndef QMGR_SPOOL_RECOVERY_H
#define QMGR_SPOOL_RECOVERY_H
#include "qmgr/spool/spool.h"

/* Empties spare (complete messages go to incoming, everything else is removed) and moves active messages back to
 * incoming. Opens no deferred message. */
void recovery_run(struct spool *spool);
#endif
