#include "delivery/pipe/pipe_command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/sys/process.h"

enum { OUTPUT_BYTES_MAX = 4096, READ_BYTES = 4096, REAP_POLL_MS = 20 };

/* A command that runs. */
struct running {
    const struct pipe_command *command;
    pid_t pid;
    int input;          /* we write; -1: closed */
    int output;         /* we read; -1: closed */
    struct str block;
    size_t written;     /* of the block */
    int64_t deadline_ms;
    struct str *kept;
    bool content_failed;
};

/* --- child --- */

/* Only what export_environment names. */
static char **make_environment(const char *wanted)
{
    char **list = memory_zeroed(strlen(wanted) / 2 + 3, sizeof(*list));
    size_t count = 0;
    const char *word;
    size_t length;

    list[count++] = memory_copy_text("PATH=/usr/bin:/bin");
    while (text_next_word_braced(&wanted, TEXT_LIST_SEPARATORS, &word, &length)) {
        bool braced = length > 1 && word[0] == '{';
        char *name = memory_copy_bytes(word + (braced ? 1 : 0), length - (braced ? 2 : 0));
        const char *value = getenv(name);
        struct str setting = {0};
        if (strchr(name, '=') != NULL)
            str_put(&setting, name + strspn(name, " \t"));
        else if (value != NULL)
            str_printf(&setting, "%s=%s", name, value);
        if (text_starts_with(str_text(&setting), "PATH="))
            list[0] = str_take(&setting);
        else if (setting.length > 0)
            list[count++] = str_take(&setting);
        free(name);
    }
    return list;
}

static _Noreturn void become_command(const struct pipe_command *command, int input, int output)
{
    if (dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
        log_fatal_status(EX_TEMPFAIL, "pipe_command: dup2: %s", strerror(errno));
    (void)setsid(); /* a group of its own, so that all of it can be killed; can't fail right after fork */
    if (command->chroot != NULL && (chroot(command->chroot) != 0 || chdir("/") != 0))
        log_fatal_status(EX_TEMPFAIL, "chroot(%s): %s", command->chroot, strerror(errno));
    if (command->change_user && !process_become(command->uid, command->gid, &command->gid, 1))
        log_fatal_status(EX_TEMPFAIL, "become uid=%ld gid=%ld: %s", (long)command->uid, (long)command->gid, strerror(errno));
    if (chdir(command->directory) != 0)
        log_fatal_status(EX_TEMPFAIL, "cannot change directory to \"%s\" for uid=%ld gid=%ld: %s", command->directory,
            (long)command->uid, (long)command->gid, strerror(errno));
    (void)umask(077);
    (void)signal(SIGPIPE, SIG_DFL);
    extern char **environ;
    environ = make_environment(command->environment);
    execvp(command->argv[0], command->argv);
    int error = errno;
    (void)dprintf(STDERR_FILENO, "pipe: fatal: pipe_command: execvp %s: %s\n", command->argv[0], strerror(error)); /* best effort */
    log_fatal_status(EX_TEMPFAIL, "pipe_command: execvp %s: %s", command->argv[0], strerror(error));
}

/* --- parent --- */

static bool start(struct running *running)
{
    int input[2];
    int output[2];

    if (pipe2(input, O_CLOEXEC) != 0)
        return false;
    if (pipe2(output, O_CLOEXEC) != 0) {
        int error = errno;
        fd_close(&input[0]);
        fd_close(&input[1]);
        errno = error;
        return false;
    }
    running->pid = fork();
    if (running->pid == 0)
        become_command(running->command, input[0], output[1]);
    int error = errno;
    fd_close(&input[0]);
    fd_close(&output[1]);
    running->input = input[1];
    running->output = output[0];
    fd_set_nonblocking(running->input, true);
    fd_set_nonblocking(running->output, true);
    errno = error;
    return running->pid > 0;
}

/* Writes what goes; closes the pipe at the end of content or when the command doesn't want more. */
static void feed(struct running *running)
{
    if (running->written == running->block.length) {
        running->written = 0;
        str_clear(&running->block);
        if (!running->command->next(running->command->context, &running->block)) {
            running->content_failed = running->command->failed(running->command->context);
            if (!running->content_failed)
                fd_close(&running->input);
            return;
        }
    }
    ssize_t count = write(running->input, str_text(&running->block) + running->written,
        running->block.length - running->written);
    if (count >= 0)
        running->written += (size_t)count;
    else if (errno != EAGAIN && errno != EINTR)
        fd_close(&running->input);
}

static void drain(struct running *running)
{
    char bytes[READ_BYTES];
    ssize_t count = read(running->output, bytes, sizeof(bytes));

    if (count > 0) {
        size_t room = OUTPUT_BYTES_MAX - running->kept->length;
        str_put_bytes(running->kept, bytes, (size_t)count < room ? (size_t)count : room);
    } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
        fd_close(&running->output);
    }
}

/* Until both pipes are closed. False: time is up, or content can't be read. */
static bool exchange(struct running *running)
{
    while (running->input >= 0 || running->output >= 0) {
        struct pollfd fds[2] = {
            { .fd = running->input, .events = POLLOUT },
            { .fd = running->output, .events = POLLIN },
        };
        int ready = poll(fds, 2, clock_left_ms(running->deadline_ms));
        if (ready == 0 || (ready < 0 && errno != EINTR))
            return false;
        if (ready > 0 && running->input >= 0 && fds[0].revents != 0)
            feed(running);
        if (running->content_failed)
            return false;
        if (ready > 0 && running->output >= 0 && fds[1].revents != 0)
            drain(running);
    }
    return true;
}

/* It has closed its output, so it usually ends at once. False: time is up. */
static bool reap(struct running *running, int *wait_status)
{
    for (;;) {
        pid_t pid = waitpid(running->pid, wait_status, WNOHANG);
        if (pid == running->pid)
            return true;
        if (pid < 0 && errno != EINTR) {
            *wait_status = 0;
            return false;
        }
        int left_ms = clock_left_ms(running->deadline_ms);
        if (left_ms == 0)
            return false;
        (void)poll(NULL, 0, left_ms < REAP_POLL_MS ? left_ms : REAP_POLL_MS); /* just a pause */
    }
}

static void finish(struct running *running, bool killed)
{
    if (killed) {
        (void)kill(-running->pid, SIGKILL); /* gone already is fine */
        while (waitpid(running->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    fd_close(&running->input);
    fd_close(&running->output);
    str_free(&running->block);
}

enum pipe_command_end pipe_command_run(const struct pipe_command *command, struct str *output, int *status)
{
    struct running running = {
        .command = command,
        .input = -1,
        .output = -1,
        .deadline_ms = clock_deadline_s(command->time_limit_s),
        .kept = output,
    };
    int wait_status = 0;

    (void)signal(SIGPIPE, SIG_IGN); /* a command that doesn't read its input is no error */
    if (!start(&running)) {
        *status = errno;
        finish(&running, false);
        return PIPE_COMMAND_FAILED;
    }
    bool read_all = exchange(&running);
    if (!read_all && !running.content_failed)
        log_warning("pipe_command_read: read time limit exceeded");
    bool in_time = read_all && reap(&running, &wait_status);
    finish(&running, !in_time);
    if (running.content_failed)
        return PIPE_COMMAND_NO_CONTENT;
    if (!in_time)
        return PIPE_COMMAND_TIMED_OUT;
    *status = wait_status;
    return PIPE_COMMAND_ENDED;
}
