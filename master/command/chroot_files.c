#include "master/command/chroot_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/base/memory.h"
#include "util/base/str.h"
#include "util/config/main_cf.h"
#include "util/io/fd.h"
#include "util/log/log.h"

static const char *const names[] = { "resolv.conf", "hosts", "services", "nsswitch.conf", "host.conf", "localtime" };

static bool read_at(int folder, const char *name, struct str *text)
{
    struct str path = {0};
    struct str why = {0};

    str_printf(&path, "/proc/self/fd/%d/%s", folder, name);
    bool good = main_cf_load(str_text(&path), text, &why);
    str_free(&path);
    str_free(&why);
    return good;
}

/* A new file takes the old one's place, so that nobody reads half of it. */
static bool write_at(int folder, const char *name, const struct str *text)
{
    static const char draft[] = ".new";

    (void)unlinkat(folder, draft, 0); /* there may be none */
    int fd = openat(folder, draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    bool good = fd >= 0 && fd_pwrite_all(fd, str_text(text), text->length, 0) && fchmod(fd, 0644) == 0;
    fd_close(&fd);
    return good && renameat(folder, draft, folder, name) == 0;
}

static void refresh(int folder, const char *name)
{
    struct str path = {0};
    struct str wanted = {0};
    struct str there = {0};
    struct str why = {0};

    str_printf(&path, "/etc/%s", name);
    if (main_cf_load(str_text(&path), &wanted, &why)
        && (!read_at(folder, name, &there) || there.length != wanted.length
            || memcmp(str_text(&there), str_text(&wanted), wanted.length) != 0)
        && !write_at(folder, name, &wanted))
        log_warning("copy %s into the chroot: %m", str_text(&path));
    str_free(&path);
    str_free(&wanted);
    str_free(&there);
    str_free(&why);
}

void chroot_files_refresh(const struct config *config)
{
    struct str path = {0};

    if (geteuid() != 0)
        return; /* nothing runs in a chroot then */
    str_printf(&path, "%s/etc", config->queue_directory);
    if (mkdir(str_text(&path), 0755) == 0)
        (void)chmod(str_text(&path), 0755); /* whatever the umask; shows below if not */
    int folder = open(str_text(&path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0)
        log_warning("open folder %s: %m", str_text(&path));
    for (size_t i = 0; folder >= 0 && i < COUNT_OF(names); i++)
        refresh(folder, names[i]);
    fd_close(&folder);
    str_free(&path);
}
