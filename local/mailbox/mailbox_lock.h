/* mailbox_lock.h: exclusive access to a mailbox file, in the ways that other programs on this host respect (mailbox_delivery_lock,
 * virtual_mailbox_lock): fcntl, flock, dotlock. */
#ifndef LOCAL_MAILBOX_MAILBOX_LOCK_H
#define LOCAL_MAILBOX_MAILBOX_LOCK_H
#include <stdbool.h>
#include <stdint.h>

#include "util/base/str.h"

enum { MAILBOX_LOCK_FCNTL = 1, MAILBOX_LOCK_FLOCK = 2, MAILBOX_LOCK_DOTLOCK = 4 };

struct mailbox_lock {
    unsigned ways;          /* MAILBOX_LOCK_* */
    int64_t attempts;
    int64_t delay_s;
    int64_t stale_s;        /* a .lock file that is older was forgotten */
};

/* "fcntl, dotlock". False: *bad (replaced) is the word that isn't known. */
bool mailbox_lock_parse(const char *list, unsigned *ways, struct str *bad);

/* Makes path.lock. False with errno (EEXIST or EAGAIN: somebody else holds it), *why says what went wrong. */
bool mailbox_lock_make(const struct mailbox_lock *lock, const char *path, struct str *why);
void mailbox_lock_remove(const char *path);
/* The kernel's locks; they go with the descriptor. Same failures. */
bool mailbox_lock_take(const struct mailbox_lock *lock, int fd, struct str *why);
#endif
