/* mbox.h: appends a message to a file with many messages, each behind a "From " line; or to whatever else has that name (a
 * device). */
#ifndef LOCAL_MAILBOX_MBOX_H
#define LOCAL_MAILBOX_MBOX_H
#include <sys/types.h>

#include "local/mailbox/mail.h"
#include "local/mailbox/mailbox_lock.h"

struct mbox {
    const char *path;
    uid_t uid;                /* who shall own a file that is made, and (strict_owner) must own one that is there: else EAGAIN */
    gid_t gid;
    uid_t folder_uid;         /* as whom lock and file are made in the file's folder */
    gid_t folder_gid;
    bool strict_owner;
    bool may_lack_dotlock;    /* no right to make one: goes on without, with a warning */
    int64_t limit_bytes;      /* of the file; 0: none */
    struct mailbox_lock lock;
};

/* Acts as folder_uid; is root again afterwards. True: it survives a power cut; *offset (may be NULL): where it begins. False
 * with errno; *why (appended): "cannot open file: Permission denied". What was written before a failure is taken back. */
bool mbox_deliver(const struct mail *mail, const struct mbox *mbox, int64_t *offset, struct str *why);
#endif
