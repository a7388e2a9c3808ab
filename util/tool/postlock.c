/* postlock.c: runs a command while a mailbox is locked as delivery would lock it (man/postlock.1). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "util/base/memory.h"
#include "util/base/str.h"
#include "util/base/text.h"
#include "util/config/config.h"
#include "util/log/log.h"
#include "util/sys/file_lock.h"

enum { LOCK_FCNTL = 1, LOCK_FLOCK = 2, LOCK_DOT = 4 };

static int parse_style(const char *list)
{
    static const struct {
        const char *name;
        int style;
    } styles[] = { { "fcntl", LOCK_FCNTL }, { "flock", LOCK_FLOCK }, { "dotlock", LOCK_DOT } };
    const char *cursor = list;
    const char *word;
    size_t length;
    int result = 0;

    while (text_next_word(&cursor, TEXT_LIST_SEPARATORS, &word, &length)) {
        size_t i = 0;
        while (i < COUNT_OF(styles) && (strlen(styles[i].name) != length || strncmp(styles[i].name, word, length) != 0))
            i++;
        if (i == COUNT_OF(styles))
            log_fatal_status(EX_TEMPFAIL, "unknown mailbox_delivery_lock value \"%.*s\" in \"%s\"", (int)length, word, list);
        result |= styles[i].style;
    }
    return result;
}

/* One attempt. False with errno. */
static bool lock_by_kernel(int fd, int style)
{
    struct flock whole_file = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    if ((style & LOCK_FCNTL) != 0 && fcntl(fd, F_SETLK, &whole_file) != 0)
        return false;
    return (style & LOCK_FLOCK) == 0 || file_lock_take(fd, false);
}

static bool make_dot_lock(const char *path, int64_t stale_after_s)
{
    struct stat status;

    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST && stale_after_s > 0 && stat(path, &status) == 0
        && status.st_ctime < time(NULL) - stale_after_s && unlink(path) == 0)
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    (void)close(fd); /* its name is all that counts */
    return true;
}

static bool keep_trying(const struct config *config, int64_t attempt)
{
    if (attempt >= config->deliver_lock_attempts)
        return false;
    (void)sleep((unsigned)config->deliver_lock_delay); /* a signal may shorten it */
    return true;
}

/* Returns the path of the lock file to be removed, or "". The mailbox stays open, and so locked. */
static const char *lock_mailbox(const struct config *config, const char *path, int style, struct str *dot_path)
{
    int64_t attempt = 1;

    if ((style & LOCK_DOT) != 0) {
        str_printf(dot_path, "%s.lock", path);
        while (!make_dot_lock(str_text(dot_path), config->stale_lock_time))
            if (errno != EEXIST || !keep_trying(config, attempt++))
                log_fatal_status(EX_TEMPFAIL, "open file %s: unable to create lock file %s: %s", path, str_text(dot_path),
                    strerror(errno));
    }
    int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) {
        int saved = errno;
        if (dot_path->length > 0)
            (void)unlink(str_text(dot_path)); /* it is left to go stale otherwise */
        log_fatal_status(EX_TEMPFAIL, "open file %s: cannot %s: %s", path,
            access(path, F_OK) == 0 ? "open file" : "create file exclusively", strerror(saved));
    }
    for (attempt = 1; !lock_by_kernel(fd, style); attempt++) {
        if (keep_trying(config, attempt))
            continue;
        int saved = errno;
        if (dot_path->length > 0)
            (void)unlink(str_text(dot_path)); /* it is left to go stale otherwise */
        log_fatal_status(EX_TEMPFAIL, "open file %s: unable to lock for exclusive access: %s", path, strerror(saved));
    }
    return str_text(dot_path);
}

static int run(char **arguments)
{
    int status;
    pid_t pid = fork();

    if (pid < 0)
        log_fatal_status(EX_TEMPFAIL, "fork %s: %m", arguments[0]);
    if (pid == 0) {
        (void)execvp(arguments[0], arguments);
        log_fatal("execvp %s: %m", arguments[0]);
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            log_fatal_status(EX_TEMPFAIL, "wait: %m");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
    const char *style = NULL;
    struct config *config;
    struct str why = {0};
    struct str dot_path = {0};
    int option;

    log_open("postfix", "postlock");
    log_to_stderr(false);
    log_without_syslog();
    while ((option = getopt(argc, argv, "+c:l:v")) != -1) {
        switch (option) {
        case 'c':
            if (setenv("MAIL_CONFIG", optarg, 1) != 0)
                log_fatal_status(EX_TEMPFAIL, "setenv: %m");
            break;
        case 'l': style = optarg; break;
        case 'v': log_set_debug(log_debug_level() + 1); break;
        default: log_fatal_status(EX_TEMPFAIL, "usage: %s [-c config_dir] [-l lock_style] [-v] folder command...", argv[0]);
        }
    }
    if (argc - optind < 2)
        log_fatal_status(EX_TEMPFAIL, "usage: %s [-c config_dir] [-l lock_style] [-v] folder command...", argv[0]);
    if (!config_load(NULL, NULL, 0, NULL, &config, &why))
        log_fatal_status(EX_TEMPFAIL, "%s", str_text(&why));
    const char *lock_file = lock_mailbox(config, argv[optind], parse_style(style != NULL ? style : config->mailbox_delivery_lock),
        &dot_path);
    (void)signal(SIGINT, SIG_IGN);  /* the command gets them, too; the lock file must go afterwards */
    (void)signal(SIGQUIT, SIG_IGN); /* as above */
    int status = run(argv + optind + 1);
    if (lock_file[0] != '\0')
        (void)unlink(lock_file); /* it is left to go stale otherwise */
    str_free(&dot_path);
    str_free(&why);
    config_free(config);
    return status;
}
