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

/* A process that leaves after a reload holds it still. */
static bool is_held(struct spool *spool, enum queue queue, const char *id)
{
    int fd = spool_open_file(spool, queue, id, O_RDONLY);
    bool held = fd >= 0 && !file_lock_take(fd, false);

    fd_close(&fd);
    return held;
}

static void recover_place(struct spool *spool, int folder, const char *name)
{
    enum queue queue = QUEUE_INCOMING;

    if (queue_id_is_valid(name) && is_held(spool, QUEUE_SPARE, name))
        return;

    if (queue_id_is_valid(name) && is_complete(spool, name, &queue)) {
        if (spool_move(spool, QUEUE_SPARE, queue, name))
            log_info("%s: complete, but never committed: taken over", name);
        else
            log_warning("%s: move to the %s queue: %m", name, spool_queue_name(queue));
    } else if (unlinkat(folder, name, 0) != 0 && errno != ENOENT) {
        log_warning("remove %s/%s: %m", spool_queue_name(QUEUE_SPARE), name);
    }
}

static void recover_spare(struct spool *spool)
{
    int fd = openat(spool_folder(spool), spool_queue_name(QUEUE_SPARE), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (folder == NULL)
        log_fatal("open folder %s: %m", spool_queue_name(QUEUE_SPARE));
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.')
            recover_place(spool, fd, entry->d_name);
    }
    (void)closedir(folder); /* was only read */
}

size_t recovery_adopt(struct spool *spool, bool (*is_known)(void *context, const char *id), void *context)
{
    struct scan *scan = scan_open(spool, QUEUE_ACTIVE);
    size_t held = 0;
    const char *id;

    while ((id = scan_next(scan)) != NULL) {
        if (is_known(context, id))
            continue;
        if (is_held(spool, QUEUE_ACTIVE, id))
            held++;
        else if (!spool_move(spool, QUEUE_ACTIVE, QUEUE_INCOMING, id) && errno != ENOENT)
            log_warning("%s: move to the incoming queue: %m", id);
    }
    scan_close(scan);
    return held;
}

static bool know_none(void *context, const char *id)
{
    return false;
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
    recover_spare(spool);
    size_t held = recovery_adopt(spool, know_none, NULL);
    warn_of_corrupt(spool);
    return held;
}
