/* pickup.c: takes what postdrop left in the maildrop folder into the queue (pickup(8)). Woken by postdrop and by the clock. */
#include "master/worker/worker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qmgr/intake/intake.h"
#include "submission/requeue.h"
#include "submission/submit.h"
#include "util/io/fd.h"
#include "util/log/log.h"

struct pickup {
    struct worker *worker;
    const struct config *config;
    struct intake *intake;
};

/* Opens a finished file that its name really leads to. -1: leave it (not finished, vanished, not ours to touch). */
static int open_drop(const char *path, struct stat *status)
{
    struct stat opened;

    if (lstat(path, status) != 0 || !S_ISREG(status->st_mode) || !(status->st_mode & S_IXUSR))
        return -1;
    if (status->st_nlink > 1) { /* postdrop was caught between its two names: a moment later there is one */
        log_debug("%s: has several names: left for later", path);
        return -1;
    }
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        log_warning("open %s: %s", path, strerror(errno));
        return -1;
    }
    if (fstat(fd, &opened) != 0 || opened.st_ino != status->st_ino || opened.st_dev != status->st_dev) {
        log_warning("%s: file has changed under our feet", path);
        fd_close(&fd);
    }
    return fd;
}

/* False: it is of no use to go on with others. */
static bool take(struct pickup *pickup, const char *path)
{
    struct stat status;
    int fd = open_drop(path, &status);

    if (fd < 0)
        return true;
    enum submit_result result = requeue_is_queue_file(fd, status.st_uid)
        ? requeue_file(pickup->config, pickup->intake, fd, path)
        : submit_file(pickup->config, pickup->intake, fd, status.st_uid, path);
    fd_close(&fd);
    if (result == SUBMIT_LATER || result == SUBMIT_CLOSED)
        return result == SUBMIT_LATER;
    if (result == SUBMIT_BAD) {
        char corrupt[320];
        log_warning("%s: not a message from postdrop: moved to corrupt", path);
        if (snprintf(corrupt, sizeof(corrupt), "corrupt/%s", path + strlen("maildrop/")) < (int)sizeof(corrupt)
            && rename(path, corrupt) == 0)
            return true;
    }
    if (unlink(path) != 0 && errno != ENOENT)
        log_warning("remove %s: %s", path, strerror(errno));
    return true;
}

static void scan(struct pickup *pickup)
{
    DIR *folder = opendir("maildrop");
    char path[300];

    if (folder == NULL) {
        log_warning("open folder maildrop: %s", strerror(errno));
        return;
    }
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.'
            || snprintf(path, sizeof(path), "maildrop/%s", entry->d_name) >= (int)sizeof(path))
            continue;
        if (!take(pickup, path))
            break; /* the next wake-up tries again */
    }
    (void)closedir(folder); /* nothing to lose */
}

/* Whatever a trigger says, it means: look. */
static void on_trigger(void *context, int fd, int listener_index)
{
    char bytes[256];

    fd_set_nonblocking(fd, true);
    (void)!read(fd, bytes, sizeof(bytes));
    fd_close(&fd);
    scan(context);
}

int main(int argc, char **argv)
{
    struct worker *worker = worker_start(argc, argv, "pickup");
    const struct config *config = worker_config(worker);
    const struct config *cleanup = worker_config_of(worker, config->cleanup_service_name, "cleanup");
    const struct config *rewrite = worker_config_of(worker, "rewrite", "trivial-rewrite");
    struct pickup pickup = { .worker = worker, .config = config };

    pickup.intake = intake_open(cleanup, rewrite, worker_socket_path(worker, "private/intake"), "pickup");
    worker_confine(worker, CONFINE_QUEUE);
    worker_serve_many(worker, on_trigger, &pickup);
    intake_close(pickup.intake);
    return worker_stop(worker);
}
