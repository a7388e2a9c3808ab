/* leave.h: a reload: this process finishes what its agents are doing and what connected workers are writing; all else goes back
 * to incoming/ for its successor, which starts at once. The files that stay ours are locked (flock), so that the successor's
 * recovery leaves them alone; if this process dies, the locks go with it, and the successor takes them over. */
#ifndef QMGR_ACTIVE_LEAVE_H
#define QMGR_ACTIVE_LEAVE_H
#include "qmgr/active/manager.h"

/* Sets manager->draining and manager->leaving. Before the successor can start. */
void leave_begin(struct manager *manager);
/* Whether something is left to finish. */
bool leave_has_work(const struct manager *manager);
#endif
