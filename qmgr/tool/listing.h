/* listing.h: reads the queue folders for those who look at the queue: one entry per message, with the recipients that are still
 * to be delivered and why they wait. */
#ifndef QMGR_TOOL_LISTING_H
#define QMGR_TOOL_LISTING_H
#include "qmgr/client/envelope.h"
#include "qmgr/file/retry.h"
#include "qmgr/spool/spool.h"

struct listing_entry {
    const char *queue; /* "maildrop", "active", "incoming", "deferred", "hold" */
    const char *queue_id;
    int64_t arrival_s;
    uint64_t size_bytes;
    bool forced_expire;
    struct envelope envelope; /* with all recipients; those that are done are not shown */
    struct retry retry;
};

/* Called per message; what it gets lives for the call. False ends the walk. */
typedef bool listing_each(void *context, const struct listing_entry *entry);

typedef void listing_recipient(void *context, const char *address, const char *why);
/* Calls each for every recipient that isn't done: those with a reason first, in the order in which the reasons came up. */
void listing_recipients(const struct listing_entry *entry, listing_recipient *each, void *context);

/* Walks through maildrop, active, incoming, deferred and hold. Files that vanish or aren't ours are passed over. */
void listing_walk(struct spool *spool, listing_each *each, void *context);
#endif
