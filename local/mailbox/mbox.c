#include "local/mailbox/mbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/sys/identity.h"

static bool explain(struct str *why, const char *what, int error)
{
    str_printf(why, "%s: %s", what, strerror(error));
    errno = error;
    return false;
}

static bool refuse(struct str *why, const char *what)
{
    str_put(why, what);
    errno = EPERM;
    return false;
}

static bool is_in_roots_folder(const char *path)
{
    struct str folder = {0};
    const char *slash = strrchr(path, '/');
    struct stat status;

    str_put_bytes(&folder, path, slash == NULL ? 0 : (size_t)(slash - path) + 1);
    bool good = lstat(slash == NULL ? "." : str_text(&folder), &status) == 0 && status.st_uid == 0
        && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
    str_free(&folder);
    return good;
}

/* Somebody who may write into the folder must not lead us to a file that its name isn't. A symbolic link counts only when root made
 * it in a folder of root's own, and nobody's second name for a file does. */
static bool is_what_it_seems(const char *path, const struct stat *opened, struct str *why)
{
    struct stat named;

    if (S_ISREG(opened->st_mode) && opened->st_nlink > 1) {
        str_printf(why, "file has %lu hard links", (unsigned long)opened->st_nlink);
        errno = EPERM;
        return false;
    }
    if (lstat(path, &named) != 0)
        return explain(why, "file status", errno);
    if (S_ISLNK(named.st_mode)) {
        if (named.st_uid == 0 && is_in_roots_folder(path))
            return true;
        return refuse(why, "file is a symbolic link");
    }
    if (named.st_dev != opened->st_dev || named.st_ino != opened->st_ino)
        return refuse(why, "file status has changed unexpectedly");
    return true;
}

/* Follows no link that isn't root's: the check comes before anything is written. O_NONBLOCK: a FIFO without reader must not
 * hold us. */
static int open_existing(const struct mbox *mbox, struct stat *status, struct str *why)
{
    int fd = open(mbox->path, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (fd < 0) {
        if (errno != ENOENT)
            (void)explain(why, "cannot open file", errno);
        return -1;
    }
    if (fstat(fd, status) != 0) {
        (void)explain(why, "cannot get open file status", errno);
        fd_close(&fd);
        return -1;
    }
    if (!is_what_it_seems(mbox->path, status, why)) {
        int error = errno;
        fd_close(&fd);
        errno = error;
    }
    return fd;
}

static bool sync_folder(const char *path)
{
    struct str folder = {0};
    const char *slash = strrchr(path, '/');

    str_put_bytes(&folder, path, slash == NULL ? 0 : (size_t)(slash - path) + 1);
    int fd = open(slash == NULL ? "." : str_text(&folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    int error = errno;
    fd_close(&fd);
    str_free(&folder);
    errno = error;
    return good || error == EACCES; /* a folder that its user may write but not read: nothing can be done */
}

static int open_new(const struct mbox *mbox, struct stat *status, struct str *why)
{
    int fd = open(mbox->path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOCTTY | O_CLOEXEC, 0600);

    if (fd < 0) {
        if (errno != EEXIST)
            (void)explain(why, "cannot create file exclusively", errno);
        return -1;
    }
    bool good = sync_folder(mbox->path);
    if (good && (mbox->folder_uid != mbox->uid || mbox->folder_gid != mbox->gid)) {
        identity_back();
        good = !identity_is_privileged() || fchown(fd, mbox->uid, mbox->gid) == 0;
    }
    if (!good || fstat(fd, status) != 0) {
        (void)explain(why, "cannot change file ownership", errno);
        int error = errno;
        fd_close(&fd);
        errno = error;
    }
    return fd;
}

static int open_file(const struct mbox *mbox, struct stat *status, struct str *why)
{
    int fd = -1;

    for (int tries = 0; fd < 0 && tries < 2; tries++) {
        fd = open_existing(mbox, status, why);
        if (fd >= 0 || errno != ENOENT || why->length > 0)
            return fd;
        fd = open_new(mbox, status, why);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    if (fd < 0) /* a link that leads nowhere */
        (void)explain(why, "cannot open file", ENOENT);
    return fd;
}

/* Back to its former size; what can't be taken back is a piece of a message behind a whole one. */
static void take_back(const struct mbox *mbox, int fd, off_t size)
{
    if (ftruncate(fd, size) != 0)
        log_warning("%s: truncate to %lld bytes after a failed delivery: %m", mbox->path, (long long)size);
}

static bool append(const struct mail *mail, const struct mbox *mbox, int fd, bool is_file, int64_t *offset,
    struct str *why)
{
    int64_t limit = 0;
    struct stat status = {0};

    if (is_file && fstat(fd, &status) != 0) /* only now, under the lock */
        return explain(why, "cannot get open file status", errno);
    if (is_file && mbox->limit_bytes > 0) {
        if (status.st_size >= mbox->limit_bytes)
            return explain(why, "error writing message", EFBIG);
        limit = mbox->limit_bytes - status.st_size;
    }
    if (offset != NULL)
        *offset = status.st_size;
    fd_set_nonblocking(fd, false);
    if (mail_write(mail, MAIL_FROM_LINE | MAIL_QUOTE_FROM | MAIL_BLANK_END, limit, fd)
        && (!is_file || fsync(fd) == 0))
        return true;
    int error = errno;
    if (is_file)
        take_back(mbox, fd, status.st_size);
    return explain(why, "error writing message", error);
}

static bool deliver_locked(const struct mail *mail, const struct mbox *mbox, int64_t *offset, struct str *why)
{
    struct stat status = {0};
    int fd = open_file(mbox, &status, why);

    if (fd < 0)
        return false;
    bool is_file = S_ISREG(status.st_mode);
    bool good = false;
    if (is_file && mbox->strict_owner && status.st_uid != mbox->uid) {
        str_printf(why, "destination %s is not owned by recipient", mbox->path);
        log_warning("specify \"strict_mailbox_ownership = no\" to ignore mailbox ownership mismatch");
        errno = EAGAIN;
    } else if (!is_file || mailbox_lock_take(&mbox->lock, fd, why)) {
        good = append(mail, mbox, fd, is_file, offset, why);
    }
    int error = errno;
    fd_close(&fd);
    errno = error;
    return good;
}

/* Whether a lock file may be had here at all is a question of the folder, not of who holds it. */
static bool is_worth_a_warning_only(const struct mbox *mbox, int error)
{
    return mbox->may_lack_dotlock && error != EAGAIN;
}

static bool wants_dotlock(const struct mbox *mbox)
{
    struct stat status;

    return (mbox->lock.ways & MAILBOX_LOCK_DOTLOCK) && (stat(mbox->path, &status) != 0 || S_ISREG(status.st_mode));
}

bool mbox_deliver(const struct mail *mail, const struct mbox *mbox, int64_t *offset, struct str *why)
{
    bool locked = false;
    bool good = false;

    if (!identity_become(mbox->folder_uid, mbox->folder_gid))
        return explain(why, "cannot become the recipient", errno);
    bool go_on = true;
    if (wants_dotlock(mbox)) {
        locked = mailbox_lock_make(&mbox->lock, mbox->path, why);
        go_on = locked || is_worth_a_warning_only(mbox, errno);
        if (!locked && go_on) {
            log_warning("%s", str_text(why));
            str_clear(why);
        }
    }
    if (go_on)
        good = deliver_locked(mail, mbox, offset, why);
    int error = errno;
    if (locked) {
        (void)identity_become(mbox->folder_uid, mbox->folder_gid); /* it was possible a moment ago */
        mailbox_lock_remove(mbox->path);
    }
    identity_back();
    errno = error;
    return good;
}
