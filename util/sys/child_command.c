#include "util/sys/child_command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/sys/process.h"

enum { WORDS_MAX = 1000, END_GRACE_MS = 100 };

/* --- the child --- */

bool child_command_needs_shell(const char *command)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 \t-_=+:,./@%!";
    static const char *const builtins[] = {
        "!", ".", ":", "alias", "bg", "break", "case", "cd", "command", "continue", "do", "eval", "exec", "exit", "export", "fg", "for",
        "getopts", "hash", "if", "jobs", "local", "read", "readonly", "return", "set", "shift", "test", "times", "trap", "type", "ulimit",
        "umask", "unalias", "unset", "until", "wait", "while",
    };
    const char *word;
    size_t length;

    if (command[strspn(command, plain)] != '\0' || strchr(command, '!') != NULL)
        return true;
    if (!text_next_word(&command, " \t", &word, &length))
        return true;
    if (memchr(word, '=', length) != NULL) /* a variable for the command */
        return true;
    for (size_t i = 0; i < COUNT_OF(builtins); i++) {
        if (strlen(builtins[i]) == length && memcmp(builtins[i], word, length) == 0)
            return true;
    }
    return false;
}

static void split_words(const char *text, char **words, size_t *count)
{
    const char *word;
    size_t length;

    while (*count < WORDS_MAX && text_next_word(&text, " \t\r\n", &word, &length))
        words[(*count)++] = memory_copy_bytes(word, length);
    words[*count] = NULL;
}

/* Says why on standard error, which the parent reads, and in the log. */
static _Noreturn void give_up(const char *program, const char *what, const char *name)
{
    int error = errno;

    (void)dprintf(STDERR_FILENO, "%s: fatal: %s%s%s: %s\n", program, what, *name == '\0' ? "" : " ", name, strerror(error));
    log_quote("fatal: ", "%s%s%s: %s", what, *name == '\0' ? "" : " ", name, strerror(error));
    _exit(CHILD_COMMAND_TEMPORARY);
}

/* A folder that isn't there is the administrator's business: only the log says so. */
static void enter_folder(const struct child_command *command)
{
    if (command->directory[0] == '\0' || chdir(command->directory) == 0)
        return;
    log_quote("fatal: ", "cannot change directory to \"%s\" for uid=%lu gid=%lu: %s", command->directory, (unsigned long)command->uid,
        (unsigned long)command->gid, strerror(errno));
    _exit(CHILD_COMMAND_TEMPORARY);
}

static void enter_root(const struct child_command *command)
{
    if (command->chroot == NULL || (chroot(command->chroot) == 0 && chdir("/") == 0))
        return;
    log_quote("fatal: ", "chroot(%s): %s", command->chroot, strerror(errno));
    _exit(CHILD_COMMAND_TEMPORARY);
}

static void become(const struct child_command *command, const char *program)
{
    if (geteuid() != 0 && getuid() == 0 && seteuid(0) != 0)
        give_up(program, "seteuid", "");
    enter_root(command);
    if (getuid() == 0 && !process_become(command->uid, command->gid, &command->gid, 1))
        give_up(program, "change rights", "");
    enter_folder(command);
}

static void limit_files(const struct child_command *command)
{
    struct rlimit limit = { .rlim_cur = (rlim_t)command->file_limit_bytes, .rlim_max = (rlim_t)command->file_limit_bytes };

    if (command->file_limit_bytes > 0)
        (void)setrlimit(RLIMIT_FSIZE, &limit); /* lowering it is always allowed */
}

static void reset_signals(void)
{
    static const int signals[] = { SIGHUP, SIGINT, SIGTERM, SIGPIPE, SIGCHLD, SIGALRM, SIGUSR1, SIGXFSZ };
    sigset_t none;

    for (size_t i = 0; i < COUNT_OF(signals); i++)
        (void)signal(signals[i], SIG_DFL); /* known signals */
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void run_child(const struct child_command *command, const char *program, int input, int output)
{
    static char *words[WORDS_MAX + 4];
    char *const *arguments = command->arguments;
    size_t count = 0;

    (void)setsid(); /* a group of its own, so that all of it can be killed; a new child never leads one */
    if (dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
        _exit(CHILD_COMMAND_TEMPORARY);
    reset_signals();
    become(command, program);
    if (arguments == NULL) {
        if (command->shell[0] != '\0') {
            split_words(command->shell, words, &count);
            words[count++] = memory_copy_text(command->command);
        } else if (child_command_needs_shell(command->command)) {
            static const char *const shell[] = { "/bin/sh", "-c" };
            for (size_t i = 0; i < COUNT_OF(shell); i++)
                words[count++] = memory_copy_text(shell[i]);
            words[count++] = memory_copy_text(command->command);
        } else {
            split_words(command->command, words, &count);
        }
        words[count] = NULL;
        arguments = words;
    }
    limit_files(command);
    (void)umask(077);
    extern char **environ;
    environ = (char **)(uintptr_t)command->environment;
    (void)execvp(arguments[0], arguments);
    give_up(program, command->arguments == NULL ? "execvp" : "pipe_command: execvp", arguments[0]);
}

/* --- the parent --- */

struct run {
    const struct child_command *command;
    int input;          /* to the child; -1: closed */
    int output;         /* from the child; -1: closed */
    struct str block;   /* to be written */
    size_t at;
    struct str *said;
    bool unfed;
};

static void feed(struct run *run)
{
    if (run->at == run->block.length) {
        str_clear(&run->block);
        run->at = 0;
        if (!run->command->feed(run->command->context, &run->block)) {
            run->unfed = true;
            return;
        }
        if (run->block.length == 0) {
            fd_close(&run->input);
            return;
        }
    }
    ssize_t count = write(run->input, run->block.data + run->at, run->block.length - run->at);
    if (count > 0)
        run->at += (size_t)count;
    else if (count < 0 && errno != EAGAIN && errno != EINTR)
        fd_close(&run->input); /* the program doesn't want to know more: its exit status counts */
}

static void listen_to(struct run *run)
{
    char buffer[CHILD_COMMAND_OUTPUT_BYTES];
    ssize_t count = read(run->output, buffer, sizeof(buffer));

    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
        fd_close(&run->output);
        return;
    }
    if (count < 0)
        return;
    size_t room = CHILD_COMMAND_OUTPUT_BYTES - run->said->length;
    str_put_bytes(run->said, buffer, (size_t)count < room ? (size_t)count : room);
}

/* Until the child has closed its output and got its input. False: time is up, or it can't be fed. */
static bool converse(struct run *run, int64_t deadline_ms)
{
    while (run->output >= 0 || run->input >= 0) {
        struct pollfd fds[2] = {
            { .fd = run->output, .events = POLLIN },
            { .fd = run->input, .events = POLLOUT },
        };
        int ready = poll(fds, 2, clock_left_ms(deadline_ms));
        if (ready < 0 && errno != EINTR)
            return false;
        if (ready == 0)
            return false;
        if (ready > 0 && fds[0].revents != 0)
            listen_to(run);
        if (ready > 0 && run->input >= 0 && fds[1].revents != 0)
            feed(run);
        if (run->unfed)
            return false;
    }
    return true;
}

/* It closed its output; it may still run. */
static bool await_end(pid_t child, int *status, int64_t deadline_ms)
{
    int64_t pause_ms = 1;

    for (;;) {
        pid_t ended = waitpid(child, status, WNOHANG);
        if (ended == child || (ended < 0 && errno != EINTR))
            return ended == child;
        int left_ms = clock_left_ms(deadline_ms);
        if (left_ms == 0)
            return false;
        (void)poll(NULL, 0, pause_ms < left_ms ? (int)pause_ms : left_ms); /* just a pause */
        if (pause_ms < END_GRACE_MS)
            pause_ms *= 2;
    }
}

static void kill_group(pid_t child, int *status)
{
    (void)kill(-child, SIGKILL); /* it may be gone already */
    (void)kill(child, SIGKILL);
    while (waitpid(child, status, 0) < 0 && errno == EINTR)
        ;
}

static bool open_pipes(int input[2], int output[2])
{
    input[0] = input[1] = output[0] = output[1] = -1;
    return pipe2(input, O_CLOEXEC) == 0 && pipe2(output, O_CLOEXEC) == 0;
}

enum child_command_end child_command_run(const struct child_command *command, const char *program, struct str *output, int *status)
{
    struct run run = { .command = command, .said = output };
    int64_t deadline_ms = clock_deadline_s(command->time_limit_s);
    int in[2];
    int out[2];
    pid_t child = -1;

    if (open_pipes(in, out))
        child = fork();
    if (child == 0)
        run_child(command, program, in[0], out[1]);
    int error = errno;
    fd_close(&in[0]);
    fd_close(&out[1]);
    if (child < 0) {
        fd_close(&in[1]);
        fd_close(&out[0]);
        errno = error;
        return CHILD_COMMAND_NOT_STARTED;
    }
    run.input = in[1];
    run.output = out[0];
    fd_set_nonblocking(run.input, true);
    fd_set_nonblocking(run.output, true);
    bool ended = converse(&run, deadline_ms) && await_end(child, status, deadline_ms);
    if (!ended)
        kill_group(child, status);
    fd_close(&run.input);
    fd_close(&run.output);
    str_free(&run.block);
    return ended ? CHILD_COMMAND_ENDED : run.unfed ? CHILD_COMMAND_UNFED : CHILD_COMMAND_TIMED_OUT;
}
