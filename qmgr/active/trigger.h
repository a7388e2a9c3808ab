/* trigger.h: requests at public/qmgr: single bytes, as of old (qmgr(8)): I scan incoming, D scan deferred, A ignore
 * deferred messages' times, F forget dead destinations, W wake up. */
#ifndef QMGR_ACTIVE_TRIGGER_H
#define QMGR_ACTIVE_TRIGGER_H
#include "qmgr/active/manager.h"

/* Takes the socket; reads until its end, or for 10 seconds. */
void trigger_connect(struct manager *manager, int fd);
#endif
