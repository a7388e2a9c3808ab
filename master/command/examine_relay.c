#include "master/command/examine_relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/programs.h"
#include "util/base/str.h"
#include "util/base/text.h"
#include "util/log/log.h"

enum { RELAYS = 2, DOUBTS = 3 }; /* exit statuses of rehearse relay */

/* What restrictions say is smtpd's knowledge: rehearse asks them. */
static _Noreturn void run(const struct config *config, const char *verb, int output)
{
    struct str path = {0};

    str_printf(&path, "%s/rehearse", programs_directory(config));
    if (dup2(output, STDOUT_FILENO) >= 0)
        (void)execl(str_text(&path), "rehearse", verb, (char *)NULL);
    _exit(1);
}

static void tell(const char *line)
{
    log_warning("%s", line);
    (void)fprintf(stderr, "posthaste: warning: %s\n", line); /* the log has it, too */
}

static void tell_all(int fd)
{
    FILE *lines = fdopen(fd, "r");
    char *line = NULL;
    size_t room = 0;

    if (lines == NULL)
        log_fatal("fdopen: %m");
    while (getline(&line, &room, lines) > 0) {
        line[strcspn(line, "\n")] = '\0';
        tell(line);
    }
    free(line);
    (void)fclose(lines); /* only read from */
}

/* The exit status; 1: it couldn't tell. Each line is a finding. */
static int ask(const struct config *config, const char *verb)
{
    int ends[2];
    int status;

    if (pipe2(ends, O_CLOEXEC) != 0)
        log_fatal("pipe: %m");
    pid_t pid = fork();
    if (pid < 0)
        log_fatal("fork: %m");
    if (pid == 0)
        run(config, verb, ends[1]);
    (void)close(ends[1]); /* the other process has it */
    tell_all(ends[0]);
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            log_fatal("wait: %m");
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

bool examine_relay(const struct config *config)
{
    if (text_equal(config->open_relay_action, "ignore"))
        return true;
    int result = ask(config, "relay");
    if (result != 0 && result != RELAYS && result != DOUBTS)
        tell("whether strangers could relay can't be told now");
    return result != RELAYS || text_equal(config->open_relay_action, "warn");
}

bool examine_relay_flaws(const struct config *config)
{
    int result = ask(config, "flaws");

    if (result != 0 && result != DOUBTS)
        tell("what smtpd and postscreen are told can't be looked at now: see the log of the first client");
    return result == 0;
}
