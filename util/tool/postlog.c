/* postlog.c: writes lines to the mail log, for scripts (man/postlog.1). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/base/memory.h"
#include "util/base/str.h"
#include "util/base/text.h"
#include "util/config/config.h"
#include "util/log/log.h"
#include "util/tool/log_file.h"

enum severity { INFO, WARNING, ERROR, FATAL, PANIC };

static const struct {
    const char *name;
    enum severity severity;
} severities[] = {
    { "info", INFO }, { "warn", WARNING }, { "warning", WARNING }, { "error", ERROR }, { "err", ERROR }, { "fatal", FATAL },
    { "crit", FATAL }, { "panic", PANIC },
};

static enum severity find_severity(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(severities); i++)
        if (text_equal_nocase(severities[i].name, name))
            return severities[i].severity;
    log_fatal("bad severity: \"%s\"", name);
}

static void put(enum severity severity, const char *text)
{
    switch (severity) {
    case INFO: log_info("%s", text); break;
    case WARNING: log_warning("%s", text); break;
    case ERROR: log_error("%s", text); break;
    case FATAL: log_quote("fatal: ", "%s", text); break;
    case PANIC: log_quote("panic: ", "%s", text); break;
    }
}

static void put_arguments(enum severity severity, char **words, int count)
{
    struct str line = {0};

    for (int i = 0; i < count; i++) {
        if (i > 0)
            str_put_char(&line, ' ');
        str_put(&line, words[i]);
    }
    put(severity, str_text(&line));
    str_free(&line);
}

static void put_standard_input(enum severity severity)
{
    char line[4096];

    while (fgets(line, sizeof(line), stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        put(severity, line);
    }
}

/* The group that may write to the log service is for the system's own configuration: whoever names another goes on without. */
static void drop_group_rights(void)
{
    if (getegid() != getgid() && (setgid(getgid()) != 0 || getegid() != getgid()))
        log_fatal("drop group rights: %m");
}

int main(int argc, char **argv)
{
    enum severity severity = INFO;
    const char *tag = NULL;
    struct config *config;
    struct str why = {0};
    int option;

    log_open("postfix", "postlog");
    if (isatty(STDERR_FILENO))
        log_to_stderr(true);
    if (getenv("MAIL_CONFIG") != NULL)
        drop_group_rights();
    while ((option = getopt(argc, argv, "c:ip:t:v")) != -1) {
        switch (option) {
        case 'c':
            drop_group_rights();
            if (setenv("MAIL_CONFIG", optarg, 1) != 0)
                log_fatal("setenv: %m");
            break;
        case 'i': break; /* the process id is always there */
        case 'p': severity = find_severity(optarg); break;
        case 't': tag = optarg; break;
        case 'v': log_set_debug(log_debug_level() + 1); break;
        default: log_fatal("usage: %s [-c config_dir] [-i] [-p priority] [-t tag] [-v] [text]", argv[0]);
        }
    }
    if (!config_load(NULL, NULL, 0, NULL, &config, &why))
        log_fatal("%s", str_text(&why));
    log_set_facility(config->syslog_facility);
    if (tag != NULL)
        log_open(tag, NULL);
    else
        log_open(config->syslog_name, "postlog");
    log_file_use(config);
    if (optind < argc)
        put_arguments(severity, argv + optind, argc - optind);
    else
        put_standard_input(severity);
    config_free(config);
    str_free(&why);
    return 0;
}
