#include "qmgr/spool/recovery.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "qmgr/client/message_file.h"
#include "qmgr/spool/queue_id.h"
#include "qmgr/spool/scan.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/sys/file_lock.h"

enum finding {
    FOUND_NOTHING, /* a place, or what nobody was told would be kept */
    FOUND_MESSAGE,
    FOUND_NO_ANSWER, /* the disk, or we ourselves, are in trouble: errno */
};

/* Complete means: its writer had synced it, or was about to and all of it got to disk. (A file that was used before may still
 * be the message that was there then, under another id.) Whether the client got its 250 is not known; in doubt the message is
 * kept, and goes where its commit would have put it. Who counted attempts had it after its commit, and changed it. */
static bool is_complete(int fd, const char *id, enum queue *queue)
{
    struct message_file file;
    struct envelope envelope;
    const char *why;

    if (!message_file_read_header(fd, &file, &why) || !text_equal(file.queue_id, id))
        return false;
    struct arena *arena = arena_new();
    bool complete = message_file_read_envelope(fd, &file, arena, &envelope, &why) && envelope.recipient_count > 0
        && (file.attempts > 0 || message_file_is_whole(fd, &file));
    *queue = complete && (envelope.flags & ENVELOPE_HOLD) ? QUEUE_HOLD : QUEUE_INCOMING;
    int error = errno;
    arena_free(arena);
    errno = error;
    return complete;
}

/* fd: -1 with errno when it couldn't be opened. */
static enum finding look_at_place(int fd, const char *id, enum queue *queue)
{
    if (fd < 0)
        return errno == ENOENT || errno == ELOOP || errno == ENXIO || errno == EISDIR ? FOUND_NOTHING : FOUND_NO_ANSWER;
    errno = 0;
    if (is_complete(fd, id, queue))
        return FOUND_MESSAGE;
    return errno == 0 ? FOUND_NOTHING : FOUND_NO_ANSWER; /* what failed was a system call */
}

/* A process that leaves after a reload may have the file still; then it is locked. Else its lock is ours, so that nobody
 * begins to use what is about to be removed; the caller closes it (-1: it can't be opened). */
static bool take_hold(struct spool *spool, enum queue queue, const char *id, int *lock)
{
    *lock = spool_open_file(spool, queue, id, O_RDWR);
    if (*lock < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) /* who knows: later */
        return false;
    if (*lock < 0 || file_lock_take(*lock, false) || errno != EAGAIN)
        return true;
    fd_close(lock);
    return false;
}

bool recovery_is_held(struct spool *spool, enum queue queue, const char *id)
{
    int lock;
    bool held = !take_hold(spool, queue, id, &lock);

    fd_close(&lock);
    return held;
}

/* False: it has to be tried again. */
static bool recover_place(struct spool *spool, const char *id, int fd)
{
    enum queue queue = QUEUE_INCOMING;

    switch (look_at_place(fd, id, &queue)) {
    case FOUND_MESSAGE:
        if (spool_move(spool, QUEUE_SPARE, queue, id))
            log_info("%s: complete, but never committed: taken over", id);
        else
            log_warning("%s: move to the %s queue: %m", id, spool_queue_name(queue));
        break;
    case FOUND_NOTHING:
        if (!spool_remove(spool, QUEUE_SPARE, id) && errno != ENOENT)
            log_warning("remove %s/%s: %m", spool_queue_name(QUEUE_SPARE), id);
        break;
    case FOUND_NO_ANSWER: /* it may be a message that was acknowledged just before a power cut */
        log_warning("%s/%s: %m: left for later", spool_queue_name(QUEUE_SPARE), id);
        return false;
    }
    return true;
}

static void recover_active(struct spool *spool, const char *id)
{
    if (!spool_move(spool, QUEUE_ACTIVE, QUEUE_INCOMING, id) && errno != ENOENT)
        log_warning("%s: move to the incoming queue: %m", id);
}

/* How many are still held. */
static size_t adopt(struct spool *spool, enum queue queue, recovery_is_ours *is_ours, void *context)
{
    struct scan *scan = scan_open(spool, queue);
    size_t held = 0;
    const char *id;
    int lock;

    while ((id = scan_next(scan)) != NULL) {
        if (is_ours(context, queue, id))
            continue;
        if (!take_hold(spool, queue, id, &lock)) {
            held++;
            continue;
        }
        if (queue == QUEUE_ACTIVE)
            recover_active(spool, id);
        else if (!recover_place(spool, id, lock))
            held++;
        fd_close(&lock);
    }
    scan_close(scan);
    return held;
}

size_t recovery_adopt(struct spool *spool, recovery_is_ours *is_ours, void *context)
{
    return adopt(spool, QUEUE_SPARE, is_ours, context) + adopt(spool, QUEUE_ACTIVE, is_ours, context);
}

static bool none_is_ours(void *context, enum queue queue, const char *id)
{
    return false;
}

/* What isn't named like a message: drafts of places, mostly. A living process makes another one. */
static void remove_strangers(struct spool *spool)
{
    int fd = openat(spool_folder(spool), spool_queue_name(QUEUE_SPARE), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (folder == NULL)
        log_fatal("open folder %s: %m", spool_queue_name(QUEUE_SPARE));
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.' && !queue_id_is_valid(entry->d_name) && unlinkat(fd, entry->d_name, 0) != 0 && errno != ENOENT)
            log_warning("remove %s/%s: %m", spool_queue_name(QUEUE_SPARE), entry->d_name);
    }
    (void)closedir(folder); /* was only read */
}

static void warn_of_corrupt(struct spool *spool)
{
    struct scan *scan = scan_open(spool, QUEUE_CORRUPT);
    size_t count = 0;

    while (scan_next(scan) != NULL)
        count++;
    scan_close(scan);
    if (count > 0)
        log_warning("%zu files in the corrupt queue", count);
}

size_t recovery_run(struct spool *spool)
{
    remove_strangers(spool);
    size_t held = recovery_adopt(spool, none_is_ours, NULL);
    warn_of_corrupt(spool);
    return held;
}
