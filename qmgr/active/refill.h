/* refill.h: brings waiting messages into the active queue: from incoming, and from deferred when their time has
 * come. It scans a few files per turn of the event loop, and alternates between the two queues as long as there is
 * room. */
#ifndef QMGR_ACTIVE_REFILL_H
#define QMGR_ACTIVE_REFILL_H
#include "qmgr/active/manager.h"

struct refill *refill_new(struct manager *manager);
void refill_free(struct refill *refill);

/* There are (or may be) files in incoming. */
void refill_scan_incoming(struct refill *refill);
/* Looks for deferred messages whose time has come; all: whatever their time (and defer_transports), as a flush
 * does. */
void refill_scan_deferred(struct refill *refill, bool all);
/* One deferred message, whatever its time (and defer_transports); if there is no room for it, its time has come at least. */
void refill_take_deferred(struct refill *refill, const char *id);
/* The deferred messages that have a recipient in this domain are due now (postqueue -s, ETRN). */
void refill_scan_site(struct refill *refill, const char *site);
/* Whether a flush was asked for that isn't over. */
bool refill_owes_flush(const struct refill *refill);
/* Room has become free. */
void refill_wake(struct refill *refill);
#endif
