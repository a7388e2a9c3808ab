/* postdrop.c: puts a message from sendmail into the maildrop folder (postdrop(1)). Set-gid: it alone may write there for
 * everybody, so it believes nothing: neither its input nor its environment. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "qmgr/client/drop_file.h"
#include "qmgr/client/pickup_wake.h"
#include "submission/authorized.h"
#include "util/base/clock.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/tool/command_config.h"

static char drop_path[64]; /* what a signal or a failure removes; "" for nothing */

static void remove_drop(void)
{
    if (drop_path[0] != '\0')
        (void)unlink(drop_path); /* pickup also throws away what was never finished */
    drop_path[0] = '\0';
}

static void on_signal(int number)
{
    remove_drop();
    _exit(75);
}

static void usage(void)
{
    log_fatal_status(1, "usage: postdrop [-c config_dir] [-v]");
}

/* A name nobody else has: time, process, and a counter. */
static int make_file(void)
{
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_wall_us();
        if (snprintf(drop_path, sizeof(drop_path), "maildrop/%05llX%lX", (unsigned long long)(now % 1000000),
                (long)getpid() + i) >= (int)sizeof(drop_path))
            break;
        int fd = open(drop_path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
        if (fd >= 0)
            return fd;
        if (errno != EEXIST)
            break;
    }
    int error = errno;
    drop_path[0] = '\0';
    log_fatal_status(75, "uid=%ld: create a file in maildrop: %s", (long)getuid(), strerror(error));
}

/* Another name with the inode number, so that it stays unique for as long as the file lives. */
static void rename_by_inode(int fd)
{
    char path[sizeof(drop_path)];
    struct stat status;

    if (fstat(fd, &status) != 0)
        return; /* the present name will do */
    int64_t now = clock_wall_us();
    if (snprintf(path, sizeof(path), "maildrop/%05llX%llX", (unsigned long long)(now % 1000000),
            (unsigned long long)status.st_ino) < (int)sizeof(path)
        && link(drop_path, path) == 0) {
        (void)unlink(drop_path); /* a second name would only be thrown away by pickup as a duplicate inode */
        memcpy(drop_path, path, sizeof(path));
    }
}

static void check_space(const struct config *config)
{
    struct statvfs space;

    if (config->queue_minfree > 0 && statvfs("maildrop", &space) == 0
        && (uint64_t)space.f_bavail * space.f_frsize < (uint64_t)config->queue_minfree)
        log_fatal_status(75, "uid=%ld: not enough free space in the mail queue", (long)getuid());
}

/* Copies standard input; the size limit counts text only. */
static void copy_message(const struct config *config, int fd)
{
    struct drop_reader reader;
    struct envelope envelope;
    struct arena *arena = arena_new();
    struct str raw = {0};
    const char *why;
    const char *text;
    size_t length;
    int64_t size = 0;
    enum drop_result result = DROP_TEXT;

    if (!drop_file_open(&reader, STDIN_FILENO, arena, &envelope, &raw, &why))
        log_fatal_status(1, "uid=%ld: unexpected input: %s", (long)getuid(), why);
    authorized_check_sender(config, envelope.sender);
    bool written = fd_write_all(fd, str_text(&raw), raw.length);
    while (written && (result = drop_file_next(&reader, &text, &length)) == DROP_TEXT) {
        size += (int64_t)length;
        if (config->message_size_limit > 0 && size > config->message_size_limit) {
            log_warning("uid=%ld: File too large", (long)getuid());
            remove_drop();
            exit(27); /* sendmail knows this one: the message is too big */
        }
        written = drop_file_copy_text(fd, text, length);
    }
    if (written && result == DROP_BAD)
        log_fatal_status(75, "uid=%ld: remove %s: the message is incomplete", (long)getuid(), drop_path);
    written = written && drop_file_copy_end(fd);
    /* The mode says that the file is whole; content and name must be on disk before anybody is told so. */
    if (!written || fchmod(fd, 0744) != 0 || fsync(fd) != 0)
        log_fatal_status(75, "uid=%ld: write %s: %s", (long)getuid(), drop_path, strerror(errno));
    drop_file_close(&reader);
    str_free(&raw);
    arena_free(arena);
}

static void sync_folder(void)
{
    int folder = open("maildrop", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    /* The group may write to maildrop but not read it: then the name's durability is up to the file system's order. */
    if (folder >= 0)
        (void)fsync(folder);
    fd_close(&folder);
}

int main(int argc, char **argv)
{
    const char *directory = NULL;
    bool tells_name = false;
    int option;

    for (int fd = 0; fd <= 2; fd++) { /* a closed standard descriptor must not become the queue file */
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
            return 75;
    }
    log_open("postfix", "postdrop");
    log_to_stderr(false);
    while ((option = getopt(argc, argv, "c:rv")) > 0) {
        if (option == 'c')
            directory = optarg;
        else if (option == 'v' && getuid() == 0)
            log_set_debug(log_debug_level() + 1);
        else if (option == 'r')
            tells_name = true;
        else if (option != 'v')
            usage();
    }
    const struct config *config = command_config_load(directory, "postdrop", 1);
    authorized_check(config, 1);
    umask(0);
    if (chdir(config->queue_directory) != 0)
        log_fatal_status(75, "chdir %s: %s", config->queue_directory, strerror(errno));
    check_space(config);
    for (size_t i = 0; i < 4; i++)
        signal((int[]){ SIGHUP, SIGINT, SIGQUIT, SIGTERM }[i], on_signal);
    int fd = make_file();
    (void)atexit(remove_drop); /* fails only with more than 32 of them */
    rename_by_inode(fd);
    if (tells_name && (printf("%s\n", drop_path + strlen("maildrop/")) < 0 || fflush(stdout) != 0))
        log_fatal_status(75, "uid=%ld: write to standard output: %s", (long)getuid(), strerror(errno));
    copy_message(config, fd);
    sync_folder();
    drop_path[0] = '\0'; /* from here on it is pickup's */
    fd_close(&fd);
    pickup_wake(config);
    return 0;
}
