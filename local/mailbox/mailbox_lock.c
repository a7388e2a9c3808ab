#include "local/mailbox/mailbox_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "util/base/text.h"

bool mailbox_lock_parse(const char *list, unsigned *ways, struct str *bad)
{
    static const struct { const char *word; unsigned way; } words[] = {
        { "fcntl", MAILBOX_LOCK_FCNTL },
        { "flock", MAILBOX_LOCK_FLOCK },
        { "dotlock", MAILBOX_LOCK_DOTLOCK },
    };
    const char *word;
    size_t length;

    *ways = 0;
    while (text_next_word(&list, TEXT_LIST_SEPARATORS, &word, &length)) {
        unsigned way = 0;
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            if (strlen(words[i].word) == length && memcmp(words[i].word, word, length) == 0)
                way = words[i].way;
        }
        if (way == 0) {
            str_clear(bad);
            str_put_bytes(bad, word, length);
            return false;
        }
        *ways |= way;
    }
    return true;
}

static void pause_s(int64_t seconds)
{
    struct timespec time = { .tv_sec = (time_t)seconds };

    while (nanosleep(&time, &time) != 0 && errno == EINTR)
        ;
}

/* Removes a lock file that nobody can still mean. */
static bool remove_stale(const char *name, int64_t stale_s)
{
    struct stat status;

    if (lstat(name, &status) != 0)
        return errno == ENOENT;
    return time(NULL) > status.st_ctime + (time_t)stale_s && (unlink(name) == 0 || errno == ENOENT);
}

bool mailbox_lock_make(const struct mailbox_lock *lock, const char *path, struct str *why)
{
    struct str name = {0};
    bool good = false;

    str_printf(&name, "%s.lock", path);
    for (int64_t attempt = 1; !good; attempt++) {
        int fd = open(str_text(&name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
        if (fd >= 0) {
            (void)close(fd); /* nothing was written */
            good = true;
        } else if (errno != EEXIST) {
            break;
        } else if (!remove_stale(str_text(&name), lock->stale_s)) {
            if (attempt >= lock->attempts)
                break;
            pause_s(lock->delay_s);
        } else if (attempt > lock->attempts) {
            break;
        }
    }
    int error = errno;
    if (!good)
        str_printf(why, "unable to create lock file %s: %s", str_text(&name), strerror(error == EEXIST ? EEXIST : error));
    str_free(&name);
    errno = error == EEXIST ? EAGAIN : error;
    return good;
}

void mailbox_lock_remove(const char *path)
{
    struct str name = {0};

    str_printf(&name, "%s.lock", path);
    (void)unlink(str_text(&name)); /* left behind it goes stale */
    str_free(&name);
}

static bool try_fcntl(int fd)
{
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    if (fcntl(fd, F_SETLK, &whole) == 0)
        return true;
    if (errno == EACCES)
        errno = EAGAIN;
    return false;
}

static bool take(const struct mailbox_lock *lock, int fd, bool (*try)(int fd))
{
    for (int64_t attempt = 1; !try(fd); attempt++) {
        if (errno != EAGAIN && errno != EINTR)
            return false;
        if (attempt >= lock->attempts) {
            errno = EAGAIN;
            return false;
        }
        pause_s(lock->delay_s);
    }
    return true;
}

static bool try_flock(int fd)
{
    return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

bool mailbox_lock_take(const struct mailbox_lock *lock, int fd, struct str *why)
{
    if (((lock->ways & MAILBOX_LOCK_FLOCK) && !take(lock, fd, try_flock))
        || ((lock->ways & MAILBOX_LOCK_FCNTL) && !take(lock, fd, try_fcntl))) {
        int error = errno;
        str_printf(why, "unable to lock for exclusive access: %s", strerror(error));
        errno = error;
        return false;
    }
    return true;
}
