/* store_maildir.h: puts a message into a Maildir, together with others that came along with it. */
#ifndef LOCAL_DELIVER_STORE_MAILDIR_H
#define LOCAL_DELIVER_STORE_MAILDIR_H
#include "local/delivery.h"
#include "local/mailbox/maildir_batch.h"

/* Reports, maybe later: then delivery->waits is set, and delivery_end is called after the report. path ends in '/'. */
void store_maildir(struct delivery *delivery, const struct step *step, const char *path, uid_t uid, gid_t gid);
/* For the batch of struct local. */
maildir_batch_done store_maildir_done;
#endif
