/* maildir_batch.h: messages for one Maildir, delivered together: all are written first, and then one sync makes them all
 * durable. */
#ifndef LOCAL_MAILBOX_MAILDIR_BATCH_H
#define LOCAL_MAILBOX_MAILDIR_BATCH_H
#include <sys/types.h>

#include "local/mailbox/maildir.h"

enum { MAILDIR_BATCH_MAX = 16 }; /* so many messages wait for one sync */

/* Whoever owns a message in the batch hears what became of it: error is 0 (it survives a power cut), or an errno value, and
 * why says what went wrong. */
typedef void maildir_batch_done(void *owner, int error, const char *why);

struct maildir_batch;

/* done is told of each delivery when its fate is known. */
struct maildir_batch *maildir_batch_new(maildir_batch_done *done);
void maildir_batch_free(struct maildir_batch *batch); /* it is settled */

struct maildir_order {
    const char *path;    /* ends in '/' */
    uid_t uid;           /* the rights with which it is delivered */
    gid_t gid;
    int64_t limit_bytes; /* 0: none */
};

/* Writes a message. done(owner) is called later, or at once if that fails. What waits for another place is settled first. */
void maildir_batch_add(struct maildir_batch *batch, const struct maildir_order *order, const struct mail *mail, void *owner);
/* Delivers all that waits, and says so, in the order in which it was added. */
void maildir_batch_settle(struct maildir_batch *batch);
#endif
