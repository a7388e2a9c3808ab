/* recovery.h: what start-up does to the queue folders, by the table of states in ARCHITECTURE.md. */
#ifndef QMGR_SPOOL_RECOVERY_H
#define QMGR_SPOOL_RECOVERY_H
#include "qmgr/spool/spool.h"

/* Empties spare (complete messages go to incoming, everything else is removed) and moves active messages back to
 * incoming. Opens no deferred message. Files that another process has locked (active/leave.h) stay; how many. */
size_t recovery_run(struct spool *spool);
/* Later: does the same with what is neither ours nor locked any more. How many are still locked. */
typedef bool recovery_is_ours(void *context, enum queue queue, const char *id);
size_t recovery_adopt(struct spool *spool, recovery_is_ours *is_ours, void *context);
/* Whether another process has locked that message. */
bool recovery_is_held(struct spool *spool, enum queue queue, const char *id);
#endif
