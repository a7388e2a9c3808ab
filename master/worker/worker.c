#include "master/worker/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/worker/handover.h"
#include "master/worker/worker_inside.h"
#include "util/base/memory.h"
#include "util/base/number.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"

static volatile sig_atomic_t told_to_stop;

static void on_sigterm(int signal_number)
{
    told_to_stop = 1;
}

bool worker_is_told_to_stop(void)
{
    return told_to_stop != 0;
}

/* SIGTERM arrives only while the worker waits for its next client, so the flag is looked at in time. */
static void set_up_signals(struct worker *worker)
{
    struct sigaction action = { .sa_handler = on_sigterm };
    sigset_t blocked;

    (void)sigaction(SIGTERM, &action, NULL); /* these can't fail for signals that exist */
    action.sa_handler = SIG_IGN;
    (void)sigaction(SIGHUP, &action, NULL);
    (void)sigaction(SIGPIPE, &action, NULL);
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &blocked, &worker->wait_mask);
    (void)sigdelset(&worker->wait_mask, SIGTERM);
}

static int number_argument(const char *text, int max)
{
    uint64_t value;

    if (!number_parse_u64(text, (uint64_t)max, &value))
        log_fatal("bad number from master: %s", text);
    return (int)value;
}

static void add_override(struct worker *worker, const char *name, const char *value)
{
    worker->overrides = memory_resize(worker->overrides, worker->override_count + 1, sizeof(*worker->overrides));
    worker->overrides[worker->override_count].name = name;
    worker->overrides[worker->override_count].value = value;
    worker->override_count++;
}

/* "name=value" or, from { } in master.cf, " name = value ". */
static void take_override(struct worker *worker, const char *text)
{
    char *name = arena_copy_text(worker->arena, text + strspn(text, " \t"));
    char *value = strchr(name, '=');

    if (value == NULL)
        log_fatal("invalid option argument: -o %s: missing '='", text);
    *value++ = '\0';
    name[strcspn(name, " \t")] = '\0';
    value += strspn(value, " \t");
    size_t length = strlen(value);
    while (length > 0 && text_is_space(value[length - 1]))
        value[--length] = '\0';
    add_override(worker, name, value);
}

static void parse_arguments(struct worker *worker, int argc, char **argv)
{
    int option;

    opterr = 0;
    while ((option = getopt(argc, argv, "+n:t:cs:m:o:vD")) != -1) {
        switch (option) {
        case 'n': worker->service = optarg; break;
        case 't': worker->type = optarg; break;
        case 'c': worker->chroot = true; break;
        case 's': worker->listener_count = number_argument(optarg, WORKER_LISTENERS_MAX); break;
        case 'm': worker->slot = number_argument(optarg, 1 << 20); break;
        case 'o': take_override(worker, optarg); break;
        case 'v': worker->debug_level++; break;
        case 'D': worker->with_debugger = true; break;
        default: log_fatal("invalid option: -%c", optopt);
        }
    }
    worker->argc = argc - optind;
    worker->argv = argv + optind;
}

static void load_config(struct worker *worker)
{
    struct str why = {0};

    add_override(worker, "process_name", worker->program);
    add_override(worker, "service_name", worker->service);
    if (!config_load(NULL, worker->overrides, worker->override_count, worker->program, &worker->config, &why))
        log_fatal("%s", str_text(&why));
    str_free(&why);
}

static void start_log(struct worker *worker)
{
    const struct config *config = worker->config;

    log_set_facility(config->syslog_facility);
    log_open(config->syslog_name, worker->program);
    log_set_debug(worker->debug_level);
    if (!config->smtputf8_enable)
        log_in_ascii();
    if (config->maillog_file[0] == '\0' || text_equal(worker->program, "postlogd"))
        return;
    const char *path = arena_printf(worker->arena, "%s/public/%s", config->queue_directory, config->postlog_service_name);
    if (!log_to_postlog(path))
        log_warning("connect to %s: %m; logging to syslog", path);
}

/* Read at once, so that nobody can change it through a process that was taken over. */
static void read_master_cf(struct worker *worker)
{
    struct stat status;

    if (fstat(HANDOVER_MASTER_CF, &status) != 0 || status.st_size < 0)
        log_fatal("size of master.cf: %m");
    size_t length = (size_t)status.st_size;
    worker->master_cf_text = arena_allocate(worker->arena, length + 1);
    if (fd_pread_all(HANDOVER_MASTER_CF, worker->master_cf_text, length, 0) != (ssize_t)length)
        log_fatal("read master.cf: %m");
    (void)close(HANDOVER_MASTER_CF); /* only read from */
}

static void run_debugger(const struct worker *worker)
{
    const char *command = worker->config->debugger_command;

    if (!worker->with_debugger || command[0] == '\0')
        return;
    pid_t pid = fork();
    if (pid == 0) {
        (void)setenv("PROCESS_ID", arena_printf(worker->arena, "%ld", (long)getppid()), 1);
        (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    log_warning("waiting for the debugger");
    (void)sleep(5); /* time for it to attach; a signal may shorten it */
}

struct worker *worker_start(int argc, char **argv, const char *program)
{
    struct worker *worker = memory_new(struct worker);
    const char *slash = strrchr(argv[0], '/');

    worker->arena = arena_new();
    worker->program = slash != NULL ? slash + 1 : argv[0];
    (void)umask(077); /* always succeeds */
    log_open("postfix", worker->program);
    parse_arguments(worker, argc, argv);
    if (worker->service == NULL || worker->type == NULL || fcntl(HANDOVER_LIFE, F_GETFD) < 0) {
        log_to_stderr(true);
        log_fatal("%s is started by master, not by hand", program);
    }
    for (int fd = HANDOVER_LIFE; fd < HANDOVER_LISTENERS + worker->listener_count; fd++)
        fd_set_close_on_exec(fd, true);
    set_up_signals(worker);
    load_config(worker);
    start_log(worker);
    if (chdir(worker->config->queue_directory) != 0)
        log_fatal("chdir %s: %m", worker->config->queue_directory);
    worker->directory = arena_printf(worker->arena, "%s/", worker->config->queue_directory);
    worker->board = board_map(HANDOVER_BOARD);
    if (worker->board == NULL)
        log_fatal("map the service's board: %m");
    worker->generation = board_generation(worker->board);
    read_master_cf(worker);
    (void)close(HANDOVER_BOARD); /* mapped; a process that is taken over has no use for it */
    worker->is_unprivileged = geteuid() != 0;
    worker->client.fd = -1;
    run_debugger(worker);
    return worker;
}

const struct config *worker_config(const struct worker *worker)
{
    return worker->config;
}

const unsigned char *worker_secret(const struct worker *worker)
{
    return board_secret(worker->board);
}

int worker_tls_keep(const struct worker *worker)
{
    return HANDOVER_TLS_KEEP;
}

const char *worker_service(const struct worker *worker)
{
    return worker->service;
}

int worker_argc(const struct worker *worker)
{
    return worker->argc;
}

char **worker_argv(const struct worker *worker)
{
    return worker->argv;
}

bool worker_is_unprivileged(const struct worker *worker)
{
    return worker->is_unprivileged;
}

int worker_listener(const struct worker *worker, int index)
{
    return HANDOVER_LISTENERS + index;
}

bool worker_is_datagram(const struct worker *worker)
{
    return text_equal(worker->type, "unix-dgram");
}

const char *worker_socket_path(struct worker *worker, const char *path)
{
    return arena_printf(worker->arena, "%s%s", worker->chroot || path[0] == '/' ? "" : worker->directory, path);
}

void worker_on_reload(struct worker *worker, void (*reload)(void *context), void *context)
{
    worker->reload = reload;
    worker->reload_context = context;
}

int worker_stop(struct worker *worker)
{
    listener_wait_free(worker->wait);
    board_unmap(worker->board);
    master_cf_free(worker->master_cf);
    config_free(worker->config); /* those of other services end with the process */
    free(worker->overrides);
    arena_free(worker->arena);
    free(worker);
    return 0;
}
