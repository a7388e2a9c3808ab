#include "util/sys/early_sync.h"

#include <fcntl.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/vfs.h>

enum { EXT4_MAGIC = 0xEF53, XFS_MAGIC = 0x58465342 };

/* ext4 and XFS: writing a block out allocates it and logs the new size before the write counts as done. The rename is logged
 * later in the same journal, so a commit that has the rename has the size; and the commit that the folder's fsync waits for
 * flushes the disk's cache, with the bytes in it. (btrfs logs a folder without the content of what lies in it.) */
static bool orders_by_journal(int fd)
{
    struct statfs system;

    return fstatfs(fd, &system) == 0 && (system.f_type == EXT4_MAGIC || system.f_type == XFS_MAGIC);
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
    return !orders_by_journal(fd) || sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE) == 0;
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
