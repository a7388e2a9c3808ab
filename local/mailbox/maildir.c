#include "local/mailbox/maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/base/clock.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/sys/early_sync.h"

enum { TEMPORARY_TRIES = 100, HOST_BYTES = 257 };

/* A '/' in the host's name would leave the folder. */
static void put_host(struct str *out, const char *host)
{
    for (; *host != '\0'; host++)
        str_put_char(out, *host == '/' ? '_' : *host);
}

void maildir_put_temporary_name(struct str *out, int64_t now_us, long pid, const char *host)
{
    str_printf(out, "%lld.P%ld.", (long long)(now_us / 1000000), pid);
    put_host(out, host);
}

void maildir_put_name(struct str *out, int64_t now_us, unsigned long long device, unsigned long long inode, const char *host)
{
    str_printf(out, "%lld.V%llxI%llxM%lld.", (long long)(now_us / 1000000), device, inode, (long long)(now_us % 1000000));
    put_host(out, host);
}

/* An automounter, or a folder above that isn't ours, may have mkdir say something else than EEXIST. Keeps errno. */
static bool is_folder(const char *path)
{
    int error = errno;
    struct stat status;
    bool good = stat(path, &status) == 0 && S_ISDIR(status.st_mode);

    errno = error;
    return good;
}

/* All folders of a path up to its last '/', those above it too. */
static bool make_folders(const char *path)
{
    struct str folder = {0};
    bool good = true;

    for (const char *slash = strchr(path + 1, '/'); good && slash != NULL; slash = strchr(slash + 1, '/')) {
        str_clear(&folder);
        str_put_bytes(&folder, path, (size_t)(slash - path));
        good = mkdir(str_text(&folder), 0700) == 0 || errno == EEXIST || is_folder(str_text(&folder));
    }
    str_free(&folder);
    return good;
}

static bool make_maildir(const char *path)
{
    static const char *const parts[] = { "cur/", "new/", "tmp/" };
    struct str name = {0};
    bool good = true;

    for (size_t i = 0; good && i < sizeof(parts) / sizeof(parts[0]); i++) {
        str_clear(&name);
        str_printf(&name, "%s%s", path, parts[i]);
        good = make_folders(str_text(&name));
    }
    str_free(&name);
    return good;
}

/* Opens a new file in tmp/; its name is put into *name. */
static int open_temporary(const char *path, const char *host, struct str *name)
{
    bool made = false;
    int fd = -1;

    for (int try = 0; fd < 0 && try < TEMPORARY_TRIES; try++) {
        str_clear(name);
        str_printf(name, "%stmp/", path);
        maildir_put_temporary_name(name, clock_wall_us(), (long)getpid(), host);
        if (try > 0)
            str_printf(name, ".%d", try); /* what a crash left behind */
        fd = open(str_text(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd >= 0 || errno == EEXIST)
            continue;
        if (errno != ENOENT || made || !make_maildir(path))
            break;
        made = true;
    }
    return fd;
}

/* The name in new/ counts once its folder is synced. */
static bool sync_folder(const char *path)
{
    struct str name = {0};

    str_printf(&name, "%snew", path);
    int fd = open(str_text(&name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    int error = errno;
    fd_close(&fd);
    str_free(&name);
    errno = error;
    return good;
}

static bool move_to_new(const char *path, const char *temporary, const char *name, struct str *why)
{
    int tries = 0;

    while (rename(temporary, name) != 0) {
        if (errno != ENOENT || tries++ > 0 || !make_maildir(path)) {
            int error = errno;
            str_printf(why, "create maildir file %s: %s", name, strerror(error));
            errno = error;
            return false;
        }
    }
    if (!sync_folder(path)) {
        int error = errno;
        str_printf(why, "sync maildir file %s: %s", name, strerror(error));
        (void)unlink(name); /* it will be delivered again */
        errno = error;
        return false;
    }
    return true;
}

bool maildir_deliver(const struct mail *mail, const char *path, int64_t limit_bytes, struct str *why)
{
    char host[HOST_BYTES] = "localhost";
    struct str temporary = {0};
    struct str name = {0};
    struct stat status;
    bool moved = false;
    int fd;

    if (gethostname(host, sizeof(host) - 1) != 0)
        log_warning("gethostname: %m");
    fd = open_temporary(path, host, &temporary);
    if (fd < 0) {
        int error = errno;
        str_printf(why, "create maildir file %s: %s", str_text(&temporary), strerror(error));
        errno = error;
    } else if (!mail_write(mail, 0, limit_bytes, fd) || !early_sync_content(fd) || fstat(fd, &status) != 0) {
        int error = errno;
        str_printf(why, "error writing message: %s", strerror(error));
        errno = error;
    } else {
        str_printf(&name, "%snew/", path);
        maildir_put_name(&name, clock_wall_us(), status.st_dev, status.st_ino, host);
        moved = move_to_new(path, str_text(&temporary), str_text(&name), why);
    }
    int error = errno;
    if (fd >= 0 && !moved)
        (void)unlink(str_text(&temporary)); /* whatever stays in tmp is cleaned up by mail readers */
    fd_close(&fd);
    str_free(&temporary);
    str_free(&name);
    errno = error;
    return moved;
}
