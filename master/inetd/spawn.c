/* spawn.c: runs a command for each client of a service, with the connection as its input and output (man/spawn.8): policy
 * servers, for example. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/environment.h"
#include "master/worker/worker.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/sys/process.h"

enum { LOOK_MS = 20 };

struct job {
    uid_t uid;
    gid_t gid;
    char **command;
    int64_t time_limit_s;
};

/* "user=name" or "user=name:group". */
static void find_user(const struct config *config, const char *value, struct job *job)
{
    char *name = memory_copy_text(value);
    char *group_name = strchr(name, ':');

    if (group_name != NULL)
        *group_name++ = '\0';
    const struct passwd *user = getpwnam(name);
    if (user == NULL)
        log_fatal("unknown user name: %s", name);
    job->uid = user->pw_uid;
    job->gid = user->pw_gid;
    const struct passwd *owner = getpwnam(config->mail_owner);
    if (job->uid == 0 || (owner != NULL && owner->pw_uid == job->uid && geteuid() == 0))
        log_fatal("user %s: neither root nor mail_owner may be used here", name);
    const struct group *group = group_name != NULL ? getgrnam(group_name) : NULL;
    if (group_name != NULL && group == NULL)
        log_fatal("unknown group: %s", group_name);
    if (group != NULL)
        job->gid = group->gr_gid;
    free(name);
}

static void parse(struct worker *worker, struct job *job)
{
    int count = worker_argc(worker);
    char **words = worker_argv(worker);
    bool has_user = false;

    for (int i = 0; i < count && job->command == NULL; i++) {
        if (text_starts_with(words[i], "user=")) {
            find_user(worker_config(worker), words[i] + strlen("user="), job);
            has_user = true;
        } else if (text_starts_with(words[i], "argv=")) {
            words[i] += strlen("argv=");
            job->command = words + i; /* the rest of the line */
        } else {
            log_fatal("unknown attribute name: %s", words[i]);
        }
    }
    if (!has_user)
        log_fatal("missing user= attribute");
    if (job->command == NULL || job->command[0][0] == '\0')
        log_fatal("missing argv= attribute");
    job->time_limit_s = config_transport_number(worker_config(worker), worker_service(worker), "_time_limit");
}

static _Noreturn void become_command(const struct worker *worker, const struct job *job, int client)
{
    sigset_t none;

    (void)setsid(); /* a group of its own, so that all of it can be ended; a new process can always do it */
    for (int fd = 0; fd <= 2; fd++)
        if (dup2(client, fd) < 0)
            log_fatal("duplicate descriptor: %m");
    process_close_from(3);
    if (!worker_is_unprivileged(worker) && !process_become(job->uid, job->gid, &job->gid, 1))
        log_fatal("become user %ld: %m", (long)job->uid);
    (void)signal(SIGPIPE, SIG_DFL); /* these can't fail for signals that exist */
    (void)signal(SIGHUP, SIG_DFL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    environment_keep(worker_config(worker)->export_environment);
    if (setenv("PATH", "/usr/bin:/bin:/usr/sbin:/sbin", 0) != 0)
        log_fatal("setenv: %m");
    (void)execvp(job->command[0], job->command);
    log_fatal("execvp %s: %m", job->command[0]);
}

static void report(const struct job *job, int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        log_warning("command %s exit status %d", job->command[0], WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        log_warning("command %s killed by signal %d", job->command[0], WTERMSIG(status));
}

/* Waits for the command to end; one that takes longer than its time is ended. */
static void wait_for(const struct job *job, pid_t pid)
{
    int64_t deadline = clock_deadline_s(job->time_limit_s);
    int status = 0;
    pid_t ended;

    while ((ended = waitpid(pid, &status, WNOHANG)) == 0 && clock_left_ms(deadline) > 0)
        (void)poll(NULL, 0, LOOK_MS); /* only a pause */
    if (ended == 0) {
        log_warning("%s: process id %ld: command time limit exceeded", job->command[0], (long)pid);
        (void)kill(-pid, SIGKILL);          /* it may have ended just now */
        (void)waitpid(pid, &status, 0); /* how it ended is said already */
    } else if (ended == pid) {
        report(job, status);
    }
}

static void serve(const struct worker *worker, const struct job *job, struct client *client)
{
    pid_t pid = fork();

    if (pid == 0)
        become_command(worker, job, client->fd);
    client_close(client);
    if (pid < 0)
        log_warning("fork: %m");
    else
        wait_for(job, pid);
}

int main(int argc, char **argv)
{
    struct worker *worker = worker_start(argc, argv, "spawn");
    struct job job = {0};
    struct client *client;

    parse(worker, &job);
    worker_confine(worker, CONFINE_DELIVERY);
    while ((client = worker_accept(worker)) != NULL)
        serve(worker, &job, client);
    return worker_stop(worker);
}
