#include "qmgr/tool/listing.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "qmgr/client/drop_file.h"
#include "qmgr/spool/scan.h"
#include "util/io/fd.h"

/* False: it isn't a whole message. */
static bool read_message(int fd, const struct stat *status, struct arena *arena, struct listing_entry *entry)
{
    struct message_file file;
    const char *why;

    if (!message_file_read_header(fd, &file, &why) || !message_file_read_envelope(fd, &file, arena, &entry->envelope, &why))
        return false;
    entry->arrival_s = entry->envelope.arrival_us / 1000000;
    entry->size_bytes = entry->envelope.size_bytes;
    entry->forced_expire = status->st_mode & SPOOL_MODE_FORCE_EXPIRED;
    (void)retry_read(fd, &file, arena, &entry->retry); /* damaged reasons: none are shown */
    return true;
}

static bool show_file(struct spool *spool, enum queue queue, const char *id, listing_each *each, void *context)
{
    struct listing_entry entry = { .queue = spool_queue_name(queue), .queue_id = id };
    struct arena *arena = arena_new();
    struct stat status;
    bool go_on = true;
    int fd = spool_open_file(spool, queue, id, O_RDONLY);

    if (fd >= 0 && fstat(fd, &status) == 0 && read_message(fd, &status, arena, &entry))
        go_on = each(context, &entry);
    fd_close(&fd);
    arena_free(arena);
    return go_on;
}

static bool show_drop(int folder, const char *name, listing_each *each, void *context)
{
    struct listing_entry entry = { .queue = "maildrop", .queue_id = name };
    struct arena *arena = arena_new();
    struct drop_reader reader = {0};
    struct stat status;
    const char *why;
    bool go_on = true;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    bool is_whole = fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & S_IXUSR);
    if (is_whole && read_message(fd, &status, arena, &entry)) {
        go_on = each(context, &entry); /* one that was requeued */
    } else if (is_whole && drop_file_open(&reader, fd, arena, &entry.envelope, NULL, &why)) {
        entry.arrival_s = (int64_t)status.st_mtime;
        entry.size_bytes = (uint64_t)status.st_size;
        go_on = each(context, &entry);
        drop_file_close(&reader);
    }
    fd_close(&fd);
    arena_free(arena);
    return go_on;
}

static bool walk_maildrop(struct spool *spool, listing_each *each, void *context)
{
    int fd = openat(spool_folder(spool), "maildrop", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    bool go_on = true;

    if (folder == NULL) {
        fd_close(&fd);
        return true;
    }
    for (struct dirent *entry; go_on && (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] != '.')
            go_on = show_drop(fd, entry->d_name, each, context);
    }
    (void)closedir(folder); /* nothing to lose */
    return go_on;
}

void listing_recipients(const struct listing_entry *entry, listing_recipient *each, void *context)
{
    for (size_t i = 0; i < entry->retry.count; i++) {
        const struct retry_reason *reason = &entry->retry.reasons[i];
        if (reason->index < entry->envelope.recipient_count && !entry->envelope.recipients[reason->index].done)
            each(context, reason->member != NULL ? reason->member : entry->envelope.recipients[reason->index].address, reason->why);
    }
    for (size_t i = 0; i < entry->envelope.recipient_count; i++) {
        if (!entry->envelope.recipients[i].done && retry_find(&entry->retry, (uint32_t)i) == NULL)
            each(context, entry->envelope.recipients[i].address, "");
    }
}

void listing_walk(struct spool *spool, listing_each *each, void *context)
{
    static const enum queue queues[] = { QUEUE_ACTIVE, QUEUE_INCOMING, QUEUE_DEFERRED, QUEUE_HOLD };

    if (!walk_maildrop(spool, each, context))
        return;
    for (size_t i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
        struct scan *scan = scan_open(spool, queues[i]);
        const char *id;
        bool go_on = true;
        while (go_on && (id = scan_next(scan)) != NULL)
            go_on = show_file(spool, queues[i], id, each, context);
        scan_close(scan);
        if (!go_on)
            return;
    }
}
