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

/* Complete means: its writer had synced it, or was about to and all of it got to disk. (A file that was used before may still be the
 * message that was there then, under another id.) Whether the client got its 250 is not known; in doubt the message is
 * kept, and goes where its commit would have put it. */
static bool is_complete(struct spool *spool, const char *id, enum queue *queue)
{
    struct message_file file;
    struct envelope envelope;
    const char *why;
    int fd = spool_open_file(spool, QUEUE_SPARE, id, O_RDONLY);

    if (fd < 0)
        return false;
    bool complete = message_file_read_header(fd, &file, &why) && text_equal(file.queue_id, id) && message_file_is_whole(fd, &file);
    if (complete) {
        struct arena *arena = arena_new();
        complete = message_file_read_envelope(fd, &file, arena, &envelope, &why) && envelope.recipient_count > 0;
        *queue = complete && (envelope.flags & ENVELOPE_HOLD) ? QUEUE_HOLD : QUEUE_INCOMING;
        arena_free(arena);
    }
    fd_close(&fd);
    return complete;
}

/* A process that leaves after a reload may have the file still; then it is locked. Else its lock is ours, so that nobody begins to use
 * what is about to be removed; the caller closes it (-1: it can't be opened). */
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

static void recover_place(struct spool *spool, const char *id)
{
    enum queue queue = QUEUE_INCOMING;

    if (is_complete(spool, id, &queue)) {
        if (spool_move(spool, QUEUE_SPARE, queue, id))
            log_info("%s: complete, but never committed: taken over", id);
        else
            log_warning("%s: move to the %s queue: %m", id, spool_queue_name(queue));
    } else if (!spool_remove(spool, QUEUE_SPARE, id) && errno != ENOENT) {
        log_warning("remove %s/%s: %m", spool_queue_name(QUEUE_SPARE), id);
    }
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
        if (queue == QUEUE_SPARE)
            recover_place(spool, id);
        else
            recover_active(spool, id);
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
