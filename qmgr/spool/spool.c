#include "qmgr/spool/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "qmgr/spool/queue_id.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/io/fd.h"

enum { FOLDER_MODE = 0700 };

struct spool {
    int folder;
    int reserve; /* a descriptor kept for when there are no more; -1: in use */
    unsigned depth[QUEUE_COUNT]; /* levels of subfolders */
};

static const char *const names[QUEUE_COUNT] = {
    [QUEUE_SPARE] = "spare",
    [QUEUE_INCOMING] = "incoming",
    [QUEUE_ACTIVE] = "active",
    [QUEUE_DEFERRED] = "deferred",
    [QUEUE_HOLD] = "hold",
    [QUEUE_CORRUPT] = "corrupt",
};

const char *spool_queue_name(enum queue queue)
{
    return names[queue];
}

enum queue spool_queue_named(const char *name)
{
    enum queue queue = 0;

    while (queue < QUEUE_COUNT && !text_equal(names[queue], name))
        queue++;
    return queue;
}

/* spare is written by one process and emptied all the time: subfolders would only cost. */
static void read_hashing(struct spool *spool, const struct config *config)
{
    const char *cursor = config->hash_queue_names;
    const char *word;
    size_t length;

    while (text_next_word(&cursor, TEXT_LIST_SEPARATORS, &word, &length)) {
        for (int queue = QUEUE_SPARE + 1; queue < QUEUE_COUNT; queue++) {
            if (strlen(names[queue]) == length && memcmp(names[queue], word, length) == 0)
                spool->depth[queue] = (unsigned)config->hash_queue_depth;
        }
    }
}

struct spool *spool_open(const struct config *config)
{
    int folder = open(config->queue_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0)
        return NULL;
    struct spool *spool = memory_new(struct spool);
    spool->folder = folder;
    spool->reserve = fcntl(folder, F_DUPFD_CLOEXEC, 0);
    read_hashing(spool, config);
    return spool;
}

void spool_close(struct spool *spool)
{
    if (spool == NULL)
        return;
    (void)close(spool->folder); /* was only looked into */
    fd_close(&spool->reserve);
    free(spool);
}

int spool_folder(const struct spool *spool)
{
    return spool->folder;
}

bool spool_make_folders(struct spool *spool, uid_t user)
{
    bool made = false;

    for (int queue = 0; queue < QUEUE_COUNT; queue++) {
        if (mkdirat(spool->folder, names[queue], FOLDER_MODE) != 0) {
            if (errno != EEXIST)
                return false;
            continue;
        }
        made = true;
        if (user != (uid_t)-1 && fchownat(spool->folder, names[queue], user, (gid_t)-1, AT_SYMLINK_NOFOLLOW) != 0)
            return false;
    }
    return !made || fsync(spool->folder) == 0;
}

void spool_put_path(const struct spool *spool, enum queue queue, const char *id, struct str *path)
{
    str_put(path, names[queue]);
    str_put_char(path, '/');
    for (unsigned level = 0; level < spool->depth[queue]; level++) {
        str_put_char(path, queue_id_hash_character(id, level));
        str_put_char(path, '/');
    }
    str_put(path, id);
}

/* Paths are short and asked for all the time: one buffer on the stack. */
struct path {
    char text[128 + QUEUE_ID_BYTES_MAX];
};

static const char *path_of(const struct spool *spool, enum queue queue, const char *id, struct path *path)
{
    char *at = path->text;

    at += snprintf(at, 32, "%s/", names[queue]); /* names are short constants */
    for (unsigned level = 0; level < spool->depth[queue]; level++) {
        *at++ = queue_id_hash_character(id, level);
        *at++ = '/';
    }
    size_t length = strnlen(id, QUEUE_ID_BYTES_MAX); /* ids are no longer */
    memcpy(at, id, length);
    at[length] = '\0';
    return path->text;
}

/* Messages in hand must come to an end also when all descriptors are used up, or they would wait in active for nothing. */
static int open_with_reserve(struct spool *spool, const char *path, int flags)
{
    if (spool->reserve < 0)
        spool->reserve = fcntl(spool->folder, F_DUPFD_CLOEXEC, 0);
    int fd = openat(spool->folder, path, flags);
    if (fd >= 0 || (errno != EMFILE && errno != ENFILE) || spool->reserve < 0)
        return fd;
    fd_close(&spool->reserve);
    return openat(spool->folder, path, flags);
}

static int only_regular(int fd)
{
    struct stat status;

    if (fd >= 0 && (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))) {
        fd_close(&fd);
        errno = ELOOP; /* as for a link: nothing that anybody should open */
    }
    return fd;
}

int spool_open_file(struct spool *spool, enum queue queue, const char *id, int flags)
{
    struct path path;

    return only_regular(open_with_reserve(spool, path_of(spool, queue, id, &path), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
}

int spool_try_open_file(const struct spool *spool, enum queue queue, const char *id, int flags)
{
    struct path path;

    return openat(spool->folder, path_of(spool, queue, id, &path), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

bool spool_stat(const struct spool *spool, enum queue queue, const char *id, struct stat *status)
{
    struct path path;

    return fstatat(spool->folder, path_of(spool, queue, id, &path), status, AT_SYMLINK_NOFOLLOW) == 0;
}

bool spool_remove(const struct spool *spool, enum queue queue, const char *id)
{
    struct path path;

    return unlinkat(spool->folder, path_of(spool, queue, id, &path), 0) == 0;
}

bool spool_set_time(const struct spool *spool, enum queue queue, const char *id, int64_t seconds)
{
    struct path path;
    struct timespec times[2] = { { .tv_sec = (time_t)seconds }, { .tv_sec = (time_t)seconds } };

    return utimensat(spool->folder, path_of(spool, queue, id, &path), times, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A new subfolder is the queue manager's, even when postsuper makes it as root. */
static bool make_subfolder(const struct spool *spool, const char *path, const struct stat *above)
{
    if (mkdirat(spool->folder, path, FOLDER_MODE) != 0)
        return errno == EEXIST;
    return geteuid() == above->st_uid
        || fchownat(spool->folder, path, above->st_uid, above->st_gid, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The subfolders of a hashed queue come into being with their first message. */
static bool make_subfolders(const struct spool *spool, char *path)
{
    struct stat above;
    char *first = strchr(path, '/');

    if (first == NULL)
        return true;
    *first = '\0';
    bool known = fstatat(spool->folder, path, &above, AT_SYMLINK_NOFOLLOW) == 0;
    *first = '/';
    if (!known)
        return false;
    for (char *slash = strchr(first + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool there = make_subfolder(spool, path, &above);
        *slash = '/';
        if (!there)
            return false;
    }
    return true;
}

bool spool_move(const struct spool *spool, enum queue from, enum queue to, const char *id)
{
    return spool_rename(spool, from, id, to, id);
}

bool spool_rename(const struct spool *spool, enum queue from, const char *from_id, enum queue to, const char *to_id)
{
    struct path old;
    struct path new;

    (void)path_of(spool, from, from_id, &old);
    (void)path_of(spool, to, to_id, &new);
    if (renameat(spool->folder, old.text, spool->folder, new.text) == 0)
        return true;
    if (errno != ENOENT || spool->depth[to] == 0 || !make_subfolders(spool, new.text))
        return false;
    return renameat(spool->folder, old.text, spool->folder, new.text) == 0;
}

bool spool_adopt(const struct spool *spool, int folder, enum queue queue, const char *id)
{
    struct path new;

    (void)path_of(spool, queue, id, &new);
    return (spool->depth[queue] == 0 || make_subfolders(spool, new.text))
        && renameat(folder, id, spool->folder, new.text) == 0;
}

int64_t spool_free_bytes(const struct spool *spool)
{
    struct statvfs status;

    if (fstatvfs(spool->folder, &status) != 0)
        return -1;
    return (int64_t)status.f_bavail * (int64_t)status.f_frsize;
}
