#include "util/sys/early_sync.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#ifdef __linux__
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

enum { EXT4_MAGIC = 0xEF53, XFS_MAGIC = 0x58465342 };

/* What was found out about the last file's file system: most deliveries of a process go to the same one. */
static struct {
    bool is_known;
    bool orders_by_journal;
    dev_t device;
} last;

/* An ext4 may have been made without a journal, or be an ext2: then the folder's fsync says nothing about the file. Where that
 * can't be found out there is none. */
static bool has_ext4_journal(dev_t device)
{
    char path[300];
    char name[256];
    char task;

    (void)snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major(device), minor(device)); /* fits */
    ssize_t length = readlink(path, name, sizeof(name) - 1);
    if (length < 0)
        return false;
    name[length] = '\0';
    const char *slash = strrchr(name, '/');
    if (snprintf(path, sizeof(path), "/sys/fs/ext4/%s/journal_task", slash == NULL ? name : slash + 1) >= (int)sizeof(path))
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC); /* "<none>", or the number of the thread that commits */
    bool is_there = fd >= 0 && read(fd, &task, 1) == 1 && task >= '0' && task <= '9';
    if (fd >= 0)
        (void)close(fd); /* only read from */
    return is_there;
}

/* ext4 and XFS: writing a block out allocates it and logs the new size before the write counts as done. The rename is logged
 * later in the same journal, so a commit that has the rename has the size; and the commit that the folder's fsync waits for
 * flushes the disk's cache, with the bytes in it. (btrfs logs a folder without the content of what lies in it.) */
static bool orders_by_journal(int fd)
{
    struct statfs system;
    struct stat status;

    if (fstat(fd, &status) != 0)
        return false;
    if (last.is_known && last.device == status.st_dev)
        return last.orders_by_journal;
    if (fstatfs(fd, &system) != 0)
        return false;
    last.is_known = true;
    last.device = status.st_dev;
    last.orders_by_journal =
        system.f_type == XFS_MAGIC || (system.f_type == EXT4_MAGIC && has_ext4_journal(status.st_dev));
    return last.orders_by_journal;
}

bool early_sync_content(int fd)
{
    if (!orders_by_journal(fd))
        return fsync(fd) == 0;
    return sync_file_range(fd, 0, 0,
               SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER) == 0;
}

bool early_sync_begin(int fd)
{
    return sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE) == 0 || errno == ENOSYS;
}
#else
bool early_sync_begin(int fd)
{
    return true;
}

bool early_sync_content(int fd)
{
    return fsync(fd) == 0;
}
#endif
