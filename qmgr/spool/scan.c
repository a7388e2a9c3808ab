#include "qmgr/spool/scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qmgr/spool/queue_id.h"
#include "util/base/memory.h"
#include "util/log/log.h"

enum { DEPTH_MAX = 10 };

struct scan {
    DIR *levels[DEPTH_MAX]; /* the folder and the subfolders that are being read */
    int depth;
};

static void enter(struct scan *scan, int at, const char *name)
{
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);

    if (folder != NULL) {
        scan->levels[scan->depth++] = folder;
        return;
    }
    log_warning("open folder %s: %s", name, strerror(errno));
    if (fd >= 0)
        (void)close(fd); /* was only read */
}

struct scan *scan_open(struct spool *spool, enum queue queue)
{
    struct scan *scan = memory_new(struct scan);

    enter(scan, spool_folder(spool), spool_queue_name(queue));
    return scan;
}

void scan_close(struct scan *scan)
{
    if (scan == NULL)
        return;
    while (scan->depth > 0)
        (void)closedir(scan->levels[--scan->depth]); /* was only read */
    free(scan);
}

/* Subfolders of hashed queues have names of one character; also those left from another hash_queue_depth are read. */
static bool is_subfolder(DIR *folder, const struct dirent *entry)
{
    struct stat status;

    if (entry->d_name[0] == '.' || entry->d_name[0] == '\0' || entry->d_name[1] != '\0')
        return false;
    return fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

const char *scan_next(struct scan *scan)
{
    while (scan->depth > 0) {
        DIR *folder = scan->levels[scan->depth - 1];
        struct dirent *entry = readdir(folder);
        if (entry == NULL) {
            (void)closedir(folder); /* was only read */
            scan->depth--;
        } else if (is_subfolder(folder, entry)) {
            if (scan->depth < DEPTH_MAX)
                enter(scan, dirfd(folder), entry->d_name);
        } else if (entry->d_name[1] != '\0' && queue_id_is_valid(entry->d_name)) {
            return entry->d_name;
        }
    }
    return NULL;
}

int scan_folder(const struct scan *scan)
{
    return dirfd(scan->levels[scan->depth - 1]);
}
