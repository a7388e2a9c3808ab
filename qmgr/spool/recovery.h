/* recovery.h: what start-up does to the queue folders, by the table of states in ARCHITECTURE.md. */
#ifndef QMGR_SPOOL_RECOVERY_H
#define QMGR_SPOOL_RECOVERY_H
#include "qmgr/spool/spool.h"

/* Empties spare (complete messages go to incoming, everything else is removed) and moves active messages back to
 * incoming. Opens no deferred message. Files that another process has locked (active/leave.h) stay; how many in active. */
size_t recovery_run(struct spool *spool);
/* Later: moves active messages that are neither known nor locked any more to incoming. How many are still locked. */
size_t recovery_adopt(struct spool *spool, bool (*is_known)(void *context, const char *id), void *context);
#endif
