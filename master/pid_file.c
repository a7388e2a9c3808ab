#include "master/pid_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "util/base/memory.h"
#include "util/base/number.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/sys/file_lock.h"

/* The locked files of this process; never closed. */
static int taken[2] = { -1, -1 };

static pid_t read_number(int fd)
{
    char text[64];
    uint64_t value;
    ssize_t length = fd_pread_all(fd, text, sizeof(text) - 1, 0);

    if (length <= 0)
        return 0;
    text[length] = '\0';
    char *number = text + strspn(text, " ");
    number[strcspn(number, "\n")] = '\0';
    return number_parse_u64(number, INT32_MAX, &value) ? (pid_t)value : 0;
}

/* -1: *why. */
static int take(const char *path, pid_t *other, struct str *why)
{
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);

    if (fd < 0) {
        str_printf(why, "open lock file %s: cannot open file: %s", path, strerror(errno));
        return -1;
    }
    if (!file_lock_take(fd, false)) {
        *other = read_number(fd);
        str_printf(why, "open lock file %s: unable to set exclusive lock: %s", path,
            errno == EAGAIN ? "Resource temporarily unavailable" : strerror(errno));
        fd_close(&fd);
    }
    return fd;
}

/* data_directory belongs to mail_owner, who must not be able to make root open something else: so it is opened as him. */
static int take_as_owner(const struct config *config, pid_t *other, struct str *why)
{
    const struct passwd *owner = geteuid() == 0 ? getpwnam(config->mail_owner) : NULL;
    struct str path = {0};

    str_printf(&path, "%s/master.lock", config->data_directory);
    if (owner != NULL && (setegid(owner->pw_gid) != 0 || seteuid(owner->pw_uid) != 0))
        log_fatal("become %s: %m", config->mail_owner);
    int fd = take(str_text(&path), other, why);
    if (owner != NULL && (seteuid(0) != 0 || setegid(0) != 0))
        log_fatal("become root again: %m");
    str_free(&path);
    return fd;
}

bool pid_file_take(const struct config *config, pid_t *other, struct str *why)
{
    *other = 0;
    taken[0] = take("pid/master.pid", other, why);
    if (taken[0] >= 0)
        taken[1] = take_as_owner(config, other, why);
    return taken[1] >= 0;
}

void pid_file_write(void)
{
    struct str line = {0};

    str_printf(&line, "%*lu\n", 32, (unsigned long)getpid());
    for (size_t i = 0; i < COUNT_OF(taken); i++)
        if (ftruncate(taken[i], 0) != 0 || !fd_pwrite_all(taken[i], str_text(&line), line.length, 0))
            log_fatal("write process id: %m");
    str_free(&line);
}

/* From the precise clock: the file system's own is so coarse that two times may be the same. */
void pid_file_mark_reload(void)
{
    struct timespec times[2];

    if (clock_gettime(CLOCK_REALTIME, &times[0]) != 0)
        return;
    times[1] = times[0];
    (void)futimens(taken[0], times); /* only spares the command that waits for it its patience */
}

int64_t pid_file_reload_ns(const struct config *config)
{
    struct str path = {0};
    struct stat status;

    str_printf(&path, "%s/pid/master.pid", config->queue_directory);
    bool known = lstat(str_text(&path), &status) == 0;
    str_free(&path);
    return known ? (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec : 0;
}

pid_t pid_file_find(const struct config *config)
{
    struct str path = {0};

    str_printf(&path, "%s/pid/master.pid", config->queue_directory);
    int fd = open(str_text(&path), O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    str_free(&path);
    if (fd < 0)
        return 0;
    pid_t pid = 0;
    if (!file_lock_take(fd, false)) {
        pid = read_number(fd);
        pid = pid > 0 ? pid : -1;
    }
    fd_close(&fd);
    return pid;
}
