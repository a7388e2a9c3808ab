/* master.c: the supervisor of the mail system: opens the sockets, starts a worker when somebody has work for it, and again
 * when it died. It parses no mail. Options and behaviour: man/master.8. */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/environment.h"
#include "master/pid_file.h"
#include "master/service.h"
#include "master/shutdown.h"
#include "master/supervisor.h"
#include "util/base/memory.h"
#include "util/base/number.h"
#include "util/base/str.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/net/tls_keep.h"
#include "util/sys/process.h"
#include "util/sys/sandbox.h"
#include "util/tool/log_file.h"

struct options {
    bool test_only;     /* -t */
    bool background;    /* -w */
    bool keep_terminal; /* -d */
    bool foreground;    /* -s, -i */
    int64_t end_after_s; /* -e */
};

static struct supervisor supervisor = { .life = { -1, -1 }, .connector = { -1, -1 }, .tls_keep = -1, .master_cf_fd = -1, .calls = -1 };

/* ---- signals, as events ---- */

static void on_child(evutil_socket_t fd, short what, void *context)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        size_t i = 0;
        while (i < supervisor.service_count && !service_worker_ended(supervisor.services[i], pid, status))
            i++;
    }
    if (supervisor.is_stopping)
        shutdown_go_on(&supervisor);
}

static void on_hangup(evutil_socket_t fd, short what, void *context)
{
    struct str why = {0};

    if (supervisor.is_stopping)
        return;
    log_info("reload -- version %s, configuration %s", supervisor.config->mail_version,
        supervisor.config->config_directory);
    if (supervisor_load(&supervisor, &why))
        supervisor_renew_life(&supervisor);
    else
        log_error("the new configuration is not used: %s", str_text(&why));
    pid_file_mark_reload();
    str_free(&why);
}

static void on_terminate(evutil_socket_t signal_number, short what, void *context)
{
    if (supervisor.is_stopping)
        return;
    log_info("terminating on signal %d", (int)signal_number);
    shutdown_start(&supervisor);
}

static void on_end_after(evutil_socket_t fd, short what, void *context)
{
    log_info("master exit time has arrived");
    shutdown_start(&supervisor);
}

static void catch_signals(void)
{
    static const struct {
        int number;
        event_callback_fn handler;
    } signals[] = {
        { SIGCHLD, on_child }, { SIGHUP, on_hangup }, { SIGTERM, on_terminate }, { SIGINT, on_terminate },
    };

    for (size_t i = 0; i < COUNT_OF(signals); i++) {
        struct event *event = evsignal_new(supervisor.base, signals[i].number, signals[i].handler, NULL);
        if (event == NULL || event_add(event, NULL) != 0)
            log_fatal("event loop: %m");
    }
    (void)signal(SIGPIPE, SIG_IGN); /* can't fail for a signal that exists */
}

/* ---- becoming a daemon ---- */

/* With -w the caller's process waits here until the new one is ready, and exits with its success. Returns where to tell. */
static int go_into_background(void)
{
    int ready[2];
    char word;

    if (pipe2(ready, O_CLOEXEC) != 0)
        log_fatal("pipe: %m");
    pid_t pid = fork();
    if (pid < 0)
        log_fatal("fork: %m");
    if (pid > 0) {
        (void)close(ready[1]); /* the child's end */
        _exit(read(ready[0], &word, 1) == 1 ? 0 : 1);
    }
    (void)close(ready[0]); /* the parent's end */
    return ready[1];
}

static void leave_session(const struct options *options)
{
    if (!options->keep_terminal && !options->foreground && getsid(0) != getpid() && setsid() < 0 && setpgid(0, 0) != 0)
        log_warning("setsid: %m");
}

/* Once nobody waits for complaints about the start any more. */
static void leave_terminal(const struct options *options)
{
    log_not_to_stderr();
    if (options->foreground)
        return;
    for (int fd = 0; fd <= 2; fd++)
        if (dup2(supervisor.null_fd, fd) < 0)
            log_fatal("duplicate descriptor: %m");
}

/* Standard input, output and error must be something, or a socket would take their place. */
static void open_standard_descriptors(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
        if (fd < 0)
            log_fatal("open /dev/null: %m");
    } while (fd <= 2);
    fd_set_close_on_exec(fd, true);
    supervisor.null_fd = fd;
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* then it stays as it was */
}

/* ---- start ---- */

static void parse_options(int argc, char **argv, struct options *options)
{
    int option;

    while ((option = getopt(argc, argv, "c:De:distvw")) != -1) {
        switch (option) {
        case 'c':
            if (setenv("MAIL_CONFIG", optarg, 1) != 0)
                log_fatal("setenv: %m");
            break;
        case 'D': supervisor.with_debugger = true; break;
        case 'e':
            if (!number_parse_i64(optarg, 1, INT32_MAX, &options->end_after_s))
                log_fatal("option -e needs a number of seconds: %s", optarg);
            break;
        case 'd': options->keep_terminal = true; break;
        case 'i':
        case 's': options->foreground = true; break;
        case 't': options->test_only = true; break;
        case 'v': supervisor.verbosity++; break;
        case 'w': options->background = true; break;
        default: log_fatal("usage: %s [-c config_dir] [-D (debug)] [-d (don't detach from terminal)] [-e exit_time] "
            "[-i (init mode)] [-s (foreground)] [-t (test)] [-v] [-w (wait for initialization)]", argv[0]);
        }
    }
    if (optind < argc)
        log_fatal("unexpected argument: %s", argv[optind]);
}

/* Reads main.cf for what is needed before the services: names, folders, the log. */
static struct config *load_first_config(void)
{
    struct config *config;
    struct str why = {0};

    if (!config_load(NULL, NULL, 0, "master", &config, &why))
        log_fatal("%s", str_text(&why));
    str_free(&why);
    log_set_facility(config->syslog_facility);
    log_open(config->syslog_name, "master");
    log_set_debug(supervisor.verbosity);
    log_file_use(config);
    if (chdir(config->queue_directory) != 0)
        log_fatal("chdir %s: %m", config->queue_directory);
    return config;
}

static void take_instance(const struct config *config, bool test_only)
{
    struct str why = {0};
    pid_t other;

    if (pid_file_take(config, &other, &why)) {
        if (test_only)
            exit(0);
        str_free(&why);
        return;
    }
    if (test_only)
        exit(1);
    if (other > 0)
        log_warning("the mail system is already running: process %ld", (long)other);
    log_fatal("%s", str_text(&why));
}

static void say_who_we_are(const struct config *config)
{
    if (supervisor.is_unprivileged)
        log_warning("started by an ordinary user: all processes run as user %ld, without chroot, on high ports only",
            (long)geteuid());
    else if (getpwnam(config->network_owner) == NULL)
        log_warning("network_owner: user %s does not exist: processes that talk to the network run as %s; create it with: "
            "useradd -r -M -s /usr/sbin/nologin %s", config->network_owner, config->mail_owner, config->network_owner);
}

/* A log that is full must not stop master, who starts the process that empties it: so this socket never waits. */
static void log_to_own_postlog(const struct config *config)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct str path = {0};

    if (config->maillog_file[0] == '\0')
        return;
    str_printf(&path, "public/%s", config->postlog_service_name);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (path.length < sizeof(address.sun_path))
        memcpy(address.sun_path, str_text(&path), path.length);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        log_warning("connect to %s: %m; logging to syslog", str_text(&path));
    else
        log_to_postlog_fd(fd);
    str_free(&path);
}

static void start_services(void)
{
    struct str why = {0};

    supervisor.base = event_base_new();
    if (supervisor.base == NULL)
        log_fatal("no event loop: %m");
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, supervisor.connector) != 0)
        log_fatal("socketpair: %m");
    fd_set_nonblocking(supervisor.connector[0], true);
    supervisor.tls_keep = process_shared_memory(TLS_KEEP_BYTES);
    if (supervisor.tls_keep < 0)
        log_fatal("shared memory: %m");
    supervisor.calls = sandbox_prepare_calls();
    supervisor_renew_life(&supervisor);
    catch_signals();
    if (!supervisor_load(&supervisor, &why))
        log_fatal("%s", str_text(&why));
    str_free(&why);
}

static void end_after(int64_t seconds)
{
    struct timeval delay = { .tv_sec = seconds };

    if (seconds > 0 && event_base_once(supervisor.base, -1, EV_TIMEOUT, on_end_after, NULL, &delay) != 0)
        log_fatal("event loop: %m");
}

int main(int argc, char **argv)
{
    struct options options = {0};
    int tell = -1;

    (void)umask(077); /* always succeeds */
    open_standard_descriptors();
    process_close_from(supervisor.null_fd + 1);
    if (isatty(STDERR_FILENO))
        log_to_stderr(false);
    log_open("postfix", "master");
    parse_options(argc, argv, &options);
    supervisor.is_unprivileged = geteuid() != 0;
    supervisor.keeps_output = options.foreground;

    struct config *config = load_first_config();
    take_instance(config, options.test_only);
    if (options.background)
        tell = go_into_background();
    leave_session(&options);
    pid_file_write();
    raise_descriptor_limit();
    environment_clean(config);
    start_services();
    log_to_own_postlog(config);
    say_who_we_are(config);
    log_info("daemon started -- version %s, configuration %s", config->mail_version, config->config_directory);
    config_free(config);
    end_after(options.end_after_s);
    leave_terminal(&options);
    if (tell >= 0)
        (void)!write(tell, "", 1); /* whoever waited may be gone */
    fd_close(&tell);
    if (event_base_dispatch(supervisor.base) < 0)
        log_fatal("event loop: %m");
    return 0;
}
