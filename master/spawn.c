#include "master/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "master/stress.h"
#include "master/worker/handover.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/sys/process.h"

enum { ARGUMENTS_MAX = 1024, OWN_ARGUMENTS_MAX = 32, FIRST_SAFE_FD = 256 };

static const char *type_name(enum master_cf_type type)
{
    switch (type) {
    case MASTER_CF_INET: return "inet";
    case MASTER_CF_UNIX: return "unix";
    case MASTER_CF_FIFO: return "fifo";
    case MASTER_CF_UNIX_DGRAM: return "unix-dgram";
    case MASTER_CF_PASS: return "pass";
    }
    return "";
}

/* Memory is borrowed from the arena; the child execs or ends. */
static const char **arguments_of(struct arena *arena, const struct service *service, int slot, int listener_count)
{
    const struct supervisor *supervisor = service->supervisor;
    const struct master_cf_entry *entry = service->entry;
    size_t count = 0;

    if (entry->argument_count > ARGUMENTS_MAX)
        log_fatal("service %s: too many arguments", service->name);
    const char **list = arena_allocate(arena, sizeof(*list) * (entry->argument_count + OWN_ARGUMENTS_MAX));
    list[count++] = entry->fields[MASTER_CF_COMMAND];
    list[count++] = "-n";
    list[count++] = service->name;
    list[count++] = "-t";
    list[count++] = type_name(service->type);
    list[count++] = "-s";
    list[count++] = arena_printf(arena, "%d", listener_count);
    list[count++] = "-m";
    list[count++] = arena_printf(arena, "%d", slot);
    if (entry->is_chroot && !supervisor->is_unprivileged)
        list[count++] = "-c";
    for (int i = 0; i < supervisor->verbosity && i < 4; i++)
        list[count++] = "-v";
    if (supervisor->with_debugger)
        list[count++] = "-D";
    if (stress_applies(service)) {
        list[count++] = "-o";
        list[count++] = stress_is_on(service) ? "stress=yes" : "stress=";
    }
    for (size_t i = 0; i < entry->argument_count; i++)
        list[count++] = entry->arguments[i];
    list[count] = NULL;
    return list;
}

/* Moves the descriptors to their places; none may be overwritten before it was copied. */
static int place_descriptors(const struct service *service)
{
    const struct supervisor *supervisor = service->supervisor;
    int fds[HANDOVER_LISTENERS + 64];
    int count = 0;
    bool own_output = supervisor->keeps_output && text_equal(service->entry->fields[MASTER_CF_COMMAND], "postlogd");

    fds[count++] = supervisor->null_fd;
    fds[count++] = own_output ? STDOUT_FILENO : supervisor->null_fd;
    fds[count++] = own_output ? STDERR_FILENO : supervisor->null_fd;
    fds[count++] = supervisor->life[0];
    fds[count++] = service->notify[1];
    fds[count++] = service->board_fd;
    fds[count++] = supervisor->connector[1];
    fds[count++] = supervisor->master_cf_fd;
    fds[count++] = supervisor->tls_keep;
    fds[count++] = supervisor->calls >= 0 ? supervisor->calls : supervisor->null_fd;
    for (size_t i = 0; i < service->listeners.count && count < (int)COUNT_OF(fds); i++)
        if (service->listeners.items[i].fd >= 0)
            fds[count++] = service->listeners.items[i].fd;
    for (int i = 0; i < count; i++)
        if ((fds[i] = fcntl(fds[i], F_DUPFD, FIRST_SAFE_FD)) < 0)
            log_fatal("duplicate descriptor: %m");
    for (int i = 0; i < count; i++)
        if (dup2(fds[i], i) < 0)
            log_fatal("duplicate descriptor: %m");
    return count;
}

/* The pause keeps a program that isn't there from being tried in a tight loop, whatever service_throttle_time says. */
static _Noreturn void fail(const char *path)
{
    log_quote("fatal: ", "master_spawn: exec %s: %m", path);
    (void)sleep(1); /* a signal may shorten it */
    _exit(1);
}

static _Noreturn void become_worker(const struct service *service, int slot)
{
    struct arena *arena = arena_new();
    sigset_t none;
    const char *path = arena_printf(arena, "%s/%s", service->directory,
        service->entry->fields[MASTER_CF_COMMAND]);

    if (service->entry->problem != NULL)
        log_fatal("service %s: %s", service->name, service->entry->problem);
    for (int number = 1; number < NSIG; number++)
        (void)signal(number, SIG_DFL); /* some numbers can't be set: they have no handler, either */
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL); /* can't fail with these arguments */
    if (access(path, X_OK) != 0) /* told while the log is still connected */
        fail(path);
    if (service->supervisor->keeps_output)
        (void)setsid(); /* out of reach of the terminal: Ctrl-C is for master alone; a new process can always do it */
    int count = place_descriptors(service);
    const char **arguments = arguments_of(arena, service, slot, count - HANDOVER_LISTENERS);
    process_close_from(count);
    (void)execv(path, (char **)(uintptr_t)arguments);
    int saved = errno;
    log_open(service->supervisor->config->syslog_name, "master"); /* its connection was closed above */
    errno = saved;
    fail(path);
}

pid_t spawn_worker(const struct service *service, int slot)
{
    pid_t pid = fork();

    if (pid == 0)
        become_worker(service, slot);
    return pid;
}
