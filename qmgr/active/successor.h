/* successor.h: what a process that leaves after a reload asks of the one that took its place. */
#ifndef QMGR_ACTIVE_SUCCESSOR_H
#define QMGR_ACTIVE_SUCCESSOR_H
#include "qmgr/active/manager.h"

/* A request (trigger.h): it waits at the socket until the successor is there. */
void successor_tell(const struct manager *manager, const char *request);
/* The same: mail for this domain is due. */
void successor_tell_site(const struct manager *manager, const char *site);
#endif
