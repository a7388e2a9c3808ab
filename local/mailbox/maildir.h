/* maildir.h: one file per message in tmp/, then new/ (maildir(5) of qmail). */
#ifndef LOCAL_MAILBOX_MAILDIR_H
#define LOCAL_MAILBOX_MAILDIR_H
#include "local/mailbox/mail.h"

/* Delivers as whom the process is now (identity.h). path ends in '/'; missing folders are made. True: it survives a power cut. False
 * with errno; *why (appended) says what went wrong: "create maildir file PATH: Permission denied". */
bool maildir_deliver(const struct mail *mail, const char *path, int64_t limit_bytes, struct str *why);

/* The names: TIME.Ppid.HOST in tmp while it is written; then TIME.VdevIinoMmicroseconds.HOST. HOST is what gethostname(2) says.
 * Appended. */
void maildir_put_temporary_name(struct str *out, int64_t now_us, long pid, const char *host);
void maildir_put_name(struct str *out, int64_t now_us, unsigned long long device, unsigned long long inode, const char *host);
#endif
