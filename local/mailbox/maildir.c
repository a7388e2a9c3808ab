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

static const char *host_name(void)
{
    static char host[HOST_BYTES];

    if (*host == '\0' && gethostname(host, sizeof(host) - 1) != 0) {
        log_warning("gethostname: %m");
        (void)snprintf(host, sizeof(host), "localhost"); /* fits */
    }
    return host;
}

static bool fail(struct maildir_draft *draft, const char *what)
{
    draft->error = errno;
    str_printf(&draft->why, "%s: %s", what, strerror(draft->error));
    return false;
}

static bool fail_with_file(struct maildir_draft *draft, const char *what, const struct str *name)
{
    draft->error = errno;
    str_printf(&draft->why, "%s maildir file %s: %s", what, str_text(name), strerror(draft->error));
    return false;
}

/* --- tmp/ --- */

/* How many this process has already made in this second. */
static unsigned *count_in_second(int64_t now_us)
{
    static int64_t second;
    static unsigned count;

    if (second != now_us / 1000000)
        count = 0;
    second = now_us / 1000000;
    return &count;
}

static bool open_temporary(const char *path, struct maildir_draft *draft)
{
    struct str *name = &draft->temporary;
    size_t plain = 0;
    bool made = false;

    for (int try = 0; draft->fd < 0 && try < TEMPORARY_TRIES; try++) {
        int64_t now_us = clock_wall_us();
        unsigned *count = count_in_second(now_us);
        str_clear(name);
        str_printf(name, "%stmp/", path);
        maildir_put_temporary_name(name, now_us, (long)getpid(), host_name());
        plain = name->length;
        if (*count > 0)
            str_printf(name, ".%u", *count);
        draft->fd = open(str_text(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (draft->fd >= 0 || errno == EEXIST) { /* it may be what a crash left behind */
            ++*count;
            continue;
        }
        if (errno != ENOENT || made || !make_maildir(path))
            break;
        made = true;
    }
    if (draft->fd >= 0)
        return true;
    str_truncate(name, plain);
    return fail_with_file(draft, "create", name);
}

/* Whatever stays in tmp/ is cleaned up by mail readers. */
static void remove_temporary(struct maildir_draft *draft)
{
    if (draft->fd >= 0)
        (void)unlink(str_text(&draft->temporary)); /* as said */
    fd_close(&draft->fd);
}

bool maildir_write(const struct mail *mail, const char *path, int64_t limit_bytes, struct maildir_draft *draft)
{
    *draft = (struct maildir_draft){ .fd = -1 };
    if (!open_temporary(path, draft))
        return false;
    if (mail_write(mail, 0, limit_bytes, draft->fd) && early_sync_begin(draft->fd))
        return true;
    (void)fail(draft, "error writing message");
    remove_temporary(draft);
    return false;
}

/* --- new/ --- */

static bool move_to_new(const char *path, struct maildir_draft *draft)
{
    struct stat status;
    bool tried = false;

    if (fstat(draft->fd, &status) != 0)
        return fail(draft, "error writing message");
    str_printf(&draft->name, "%snew/", path);
    maildir_put_name(&draft->name, clock_wall_us(), status.st_dev, status.st_ino, host_name());
    while (rename(str_text(&draft->temporary), str_text(&draft->name)) != 0) {
        if (errno != ENOENT || tried || !make_maildir(path))
            return fail_with_file(draft, "create", &draft->name);
        tried = true;
    }
    fd_close(&draft->fd);
    return true;
}

/* The names in new/ count once their folder is synced. */
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

void maildir_deliver(const char *path, struct maildir_draft *drafts, size_t count)
{
    size_t moved = 0;

    /* All are synced before the first is renamed: without a journal, a file's sync writes out tmp/ as well if that has changed. */
    for (size_t i = 0; i < count; i++) {
        if (drafts[i].error == 0 && !early_sync_content(drafts[i].fd))
            (void)fail(&drafts[i], "error writing message");
    }
    for (size_t i = 0; i < count; i++) {
        if (drafts[i].error == 0 && move_to_new(path, &drafts[i]))
            moved++;
        else
            remove_temporary(&drafts[i]);
    }
    if (moved == 0 || sync_folder(path))
        return;
    int error = errno;
    for (size_t i = 0; i < count; i++) {
        if (drafts[i].error != 0)
            continue;
        (void)unlink(str_text(&drafts[i].name)); /* it will be delivered again */
        errno = error;
        (void)fail_with_file(&drafts[i], "sync", &drafts[i].name);
    }
}

void maildir_release(struct maildir_draft *draft)
{
    remove_temporary(draft);
    str_free(&draft->why);
    str_free(&draft->temporary);
    str_free(&draft->name);
}
