/* leave.h: a reload: this process finishes what its agents are doing and what connected workers are writing; all else goes back
 * to incoming/ for its successor, which starts at once. The files that stay ours are locked (flock), so that the successor's
 * recovery leaves them alone; if this process dies, the locks go with it, and the successor takes them over. */
#ifndef QMGR_ACTIVE_LEAVE_H
#define QMGR_ACTIVE_LEAVE_H
#include "qmgr/active/intake_door.h"
#include "qmgr/active/manager.h"

/* Sets manager->draining and manager->leaving. Before the successor can start. */
void leave_begin(struct manager *manager, struct intake_door *door);
/* Whether something is left to finish. */
bool leave_has_work(const struct manager *manager, const struct intake_door *door);
/* The message is the successor's from now on; no agent has anything of it. */
void leave_release(struct message *message);
/* A request for the successor (trigger.h): it waits at the socket until the successor is there. */
void leave_tell_successor(const struct manager *manager, const char *request);
/* The same: mail for this domain is due. */
void leave_tell_successor_site(const struct manager *manager, const char *site);
#endif
