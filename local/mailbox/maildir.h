/* maildir.h: one file per message in tmp/, then new/ (maildir(5) of qmail). */
#ifndef LOCAL_MAILBOX_MAILDIR_H
#define LOCAL_MAILBOX_MAILDIR_H
#include "local/mailbox/mail.h"

/* A message on its way into a Maildir. */
struct maildir_draft {
    int fd;
    int error;             /* 0, or an errno value: it isn't delivered, */
    struct str why;        /* ... because: "create maildir file PATH: Permission denied" */
    struct str temporary;  /* the file in tmp/ */
    struct str name;       /* the file in new/ */
};

/* Both steps are taken as whom the process is now (identity.h); path ends in '/'; missing folders are made.
 *
 * The first writes into tmp/. False: draft->error and why are set. maildir_release in any case. */
bool maildir_write(const struct mail *mail, const char *path, int64_t limit_bytes, struct maildir_draft *draft);
/* The second takes messages, all of the Maildir at path, from tmp/ to new/. Those whose error is still 0 survive a power cut then.
 * Several at once cost hardly more than one. */
void maildir_deliver(const char *path, struct maildir_draft *drafts, size_t count);
void maildir_release(struct maildir_draft *draft);

/* The names: TIME.Ppid.HOST in tmp while it is written; then TIME.VdevIinoMmicroseconds.HOST. HOST is what gethostname(2) says.
 * Appended. */
void maildir_put_temporary_name(struct str *out, int64_t now_us, long pid, const char *host);
void maildir_put_name(struct str *out, int64_t now_us, unsigned long long device, unsigned long long inode, const char *host);
#endif
