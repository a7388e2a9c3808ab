/* refill.h: brings waiting messages into the active queue: from incoming, and from deferred when their time has
 * come. It scans a few files per turn of the event loop, and alternates between the two queues as long as there is
 * room. */
#ifndef QMGR_ACTIVE_REFILL_H
#define QMGR_ACTIVE_REFILL_H
#include "qmgr/active/manager.h"

/* A file that was moved to active/ becomes an active message, or is put aside. False: it was not taken up. */
typedef bool refill_take_up(struct manager *manager, const char *id, bool ignore_defer_transports);

/* Lives as long as the process. */
struct refill *refill_new(struct manager *manager, refill_take_up *take_up);

/* There are (or may be) files in incoming. */
void refill_scan_incoming(struct refill *refill);
/* Looks for deferred messages whose time has come; all: whatever their time (and defer_transports), as a flush
 * does. */
void refill_scan_deferred(struct refill *refill, bool all);
/* One deferred message, whatever its time (and defer_transports); if there is no room for it, its time has come at least. */
void refill_take_deferred(struct refill *refill, const char *id);
/* The deferred messages that have a recipient in this domain are due now (postqueue -s, ETRN). */
void refill_scan_site(struct refill *refill, const char *site);
/* This process leaves: what was asked for and isn't over is its successor's to do; flushing: so is a
 * flush, messages of which were given back. */
void refill_give_back(struct refill *refill, bool flushing);
/* Room has become free. */
void refill_wake(struct refill *refill);
#endif
