/* postkick.c: knocks at a service's socket with a request, for scripts (man/postkick.1). */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/base/str.h"
#include "util/config/config.h"
#include "util/io/fd.h"
#include "util/log/log.h"

enum { CONNECT_MS = 10000, ANSWER_MS = 1000 };

/* False: the service can't be reached. */
static bool knock(const char *path, const char *request)
{
    struct stat status;

    if (stat(path, &status) != 0) {
        log_warning("unable to look up %s: %s", path, strerror(errno));
        return false;
    }
    int fd = fd_connect_unix(path, CONNECT_MS);
    if (fd < 0)
        return false;
    bool sent = fd_write_all(fd, request, strlen(request));
    struct pollfd end = { .fd = fd, .events = POLLIN };
    if (sent)
        (void)poll(&end, 1, ANSWER_MS); /* the service hangs up when it has read the request */
    fd_close(&fd);
    return true; /* a service that hung up early was awake all the same */
}

int main(int argc, char **argv)
{
    struct config *config;
    struct str why = {0};
    struct str path = {0};
    int option;

    log_open("postfix", "postkick");
    log_to_stderr(false);
    log_without_syslog();
    while ((option = getopt(argc, argv, "c:v")) != -1) {
        switch (option) {
        case 'c':
            if (setenv("MAIL_CONFIG", optarg, 1) != 0)
                log_fatal("setenv: %m");
            break;
        case 'v': log_set_debug(log_debug_level() + 1); break;
        default: log_fatal("usage: %s [-c config_dir] [-v] class service request", argv[0]);
        }
    }
    if (argc - optind != 3)
        log_fatal("usage: %s [-c config_dir] [-v] class service request", argv[0]);
    (void)signal(SIGPIPE, SIG_IGN); /* can't fail for a signal that exists */
    if (!config_load(NULL, NULL, 0, NULL, &config, &why))
        log_fatal("%s", str_text(&why));
    if (chdir(config->queue_directory) != 0)
        log_fatal("chdir %s: %m", config->queue_directory);
    str_printf(&path, "%s/%s", argv[optind], argv[optind + 1]);
    bool good = knock(str_text(&path), argv[optind + 2]);
    if (!good)
        log_warning("Cannot contact class %s service %s - perhaps the mail system is down", argv[optind], argv[optind + 1]);
    str_free(&path);
    str_free(&why);
    config_free(config);
    return good ? 0 : 1;
}
