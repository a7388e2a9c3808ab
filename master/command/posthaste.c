/* posthaste.c: the administrator's command, also installed as postfix: starts, stops and looks over the mail system
 * (man/posthaste.1). Log lines as Postfix's postfix-script writes them. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/command/chroot_files.h"
#include "master/command/examine.h"
#include "master/command/examine_relay.h"
#include "master/command/examine_services.h"
#include "master/command/examine_table_files.h"
#include "master/command/examine_tls.h"
#include "master/command/folders.h"
#include "master/command/upgrade.h"
#include "util/tool/log_file.h"
#include "master/pid_file.h"
#include "master/programs.h"
#include "util/base/memory.h"
#include "util/base/str.h"
#include "util/base/text.h"
#include "util/config/config.h"
#include "util/log/log.h"

#define USAGE_VERBS "start (or stop, reload, abort, flush, check, status, set-permissions, upgrade-configuration, logrotate)"

enum { STOP_WAIT_S = 5, RELOAD_WAIT_S = 10, POLLS_PER_S = 50, ROTATE_WAIT_S = 2 };

struct command {
    const struct config *config;
    int verbosity;
    bool with_debugger;
    char **arguments; /* the verb's own, the verb being the first; ends with NULL */
};

static bool is_running(const struct command *command)
{
    return pid_file_find(command->config) != 0;
}

static void must_run(const struct command *command)
{
    if (!is_running(command))
        log_fatal("the Postfix mail system is not running");
}

static void must_not_run(const struct command *command)
{
    if (is_running(command))
        log_fatal("the Postfix mail system is already running");
}

static void warn(const char *text)
{
    log_warning("%s", text);
}

/* The arguments of master; ends with NULL. Memory is kept: the process execs or ends soon. */
static char **master_arguments(const struct command *command, const char *mode)
{
    struct str path = {0};
    char **list = memory_zeroed((size_t)command->verbosity + 4, sizeof(*list));
    size_t count = 0;

    str_printf(&path, "%s/master", programs_directory(command->config));
    list[count++] = str_take(&path);
    list[count++] = memory_copy_text(mode);
    if (command->with_debugger)
        list[count++] = memory_copy_text("-D");
    for (int i = 0; i < command->verbosity; i++)
        list[count++] = memory_copy_text("-v");
    return list;
}

static int run_and_wait(char **arguments)
{
    int status;
    pid_t pid = fork();

    if (pid < 0)
        log_fatal("fork: %m");
    if (pid == 0) {
        (void)execv(arguments[0], arguments);
        log_fatal("exec %s: %m", arguments[0]);
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            log_fatal("wait: %m");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void refuse_open_relay(const struct command *command)
{
    if (!examine_relay(command->config))
        log_fatal("open relay: refused (open_relay_action = warn or ignore allows it)");
}

/* ---- one function per verb; the result is the exit status ---- */

static void prepare_start(const struct command *command)
{
    struct str why = {0};

    const char *directory = programs_directory(command->config);

    must_not_run(command);
    if (strcmp(directory, command->config->daemon_directory) != 0)
        log_warning("daemon_directory = %s has no programs of Posthaste: those in %s are used", command->config->daemon_directory,
            directory);
    examine_log_file(command->config);
    examine_master_cf(command->config);
    refuse_open_relay(command);
    examine_tls_expiry(command->config);
    if (!folders_make(command->config, &why) || !folders_check(command->config, false, warn, &why))
        log_fatal("%s", str_text(&why));
    if (examine_wants_chroot(command->config))
        chroot_files_refresh(command->config);
    str_free(&why);
}

static int start(const struct command *command)
{
    prepare_start(command);
    examine_permissions(command->config);
    log_info("starting the Postfix mail system");
    if (run_and_wait(master_arguments(command, "-w")) != 0)
        log_fatal("mail system startup failed");
    return 0;
}

static int start_foreground(const struct command *command)
{
    prepare_start(command);
    examine_permissions(command->config);
    log_info("starting the Postfix mail system");
    char **arguments = master_arguments(command, getpid() == 1 ? "-i" : "-s");
    (void)execv(arguments[0], arguments);
    log_fatal("exec %s: %m", arguments[0]);
}

/* Waits until the lock on the pid file is gone. */
static bool wait_for_end(const struct command *command, int seconds)
{
    for (int i = 0; i < seconds * POLLS_PER_S; i++) {
        if (!is_running(command))
            return true;
        (void)usleep(1000000 / POLLS_PER_S); /* a shorter pause does no harm */
    }
    return !is_running(command);
}

static int end(const struct command *command, const char *saying, int patience_s)
{
    must_run(command);
    log_info("%s", saying);
    pid_t pid = pid_file_find(command->config);
    if (pid <= 0 || (kill(pid, SIGTERM) != 0 && errno != ESRCH))
        log_fatal("signal process %ld: %m", (long)pid);
    if (wait_for_end(command, patience_s))
        return 0;
    log_warning("stopping the Postfix mail system with force");
    (void)kill(-pid, SIGKILL); /* whoever is left of the group */
    (void)kill(pid, SIGKILL);  /* it may be in another group */
    return wait_for_end(command, 1) ? 0 : 1;
}

static int stop(const struct command *command)
{
    return end(command, "stopping the Postfix mail system", STOP_WAIT_S);
}

static int abort_now(const struct command *command)
{
    return end(command, "aborting the Postfix mail system", 1);
}

/* What follows a reload (a flush, say) is meant for the new configuration: no worker with the old one takes anything up any
 * more. */
static void wait_for_reload(const struct config *config, int64_t before_ns)
{
    for (int i = 0; i < RELOAD_WAIT_S * POLLS_PER_S && pid_file_reload_ns(config) == before_ns && pid_file_find(config) != 0; i++)
        (void)usleep(1000000 / POLLS_PER_S); /* a shorter pause does no harm */
}

static int reload(const struct command *command)
{
    int64_t before_ns = pid_file_reload_ns(command->config);

    must_run(command);
    examine_log_file(command->config);
    examine_master_cf(command->config);
    refuse_open_relay(command);
    if (examine_wants_chroot(command->config))
        chroot_files_refresh(command->config);
    log_info("refreshing the Postfix mail system");
    if (kill(pid_file_find(command->config), SIGHUP) != 0)
        log_fatal("signal master: %m");
    wait_for_reload(command->config, before_ns);
    return 0;
}

static int flush(const struct command *command)
{
    struct str path = {0};

    str_printf(&path, "%s/postqueue", command->config->command_directory);
    (void)execl(str_text(&path), "postqueue", "-f", (char *)NULL);
    log_fatal("exec %s: %m", str_text(&path));
}

static int check(const struct command *command)
{
    struct str why = {0};

    examine_log_file(command->config);
    bool good = examine_names(command->config);
    if (!folders_make(command->config, &why) || !folders_check(command->config, false, warn, &why))
        log_fatal("%s", str_text(&why));
    str_free(&why);
    examine_permissions(command->config);
    examine_users(command->config);
    good = examine_tls(command->config) && good;
    good = examine_table_files(command->config) && good;
    examine_services(command->config);
    good = examine_relay_flaws(command->config) && good;
    good = examine_relay(command->config) && good;
    return good ? 0 : 1;
}

static int status(const struct command *command)
{
    pid_t pid = pid_file_find(command->config);

    if (pid == 0) {
        log_info("the Postfix mail system is not running");
        return 1;
    }
    log_info("the Postfix mail system is running: PID: %ld", (long)pid);
    return 0;
}

static int set_permissions(const struct command *command)
{
    struct str why = {0};

    if (!folders_make(command->config, &why) || !folders_check(command->config, true, warn, &why)
        || !examine_setgid_programs(command->config, &why))
        log_fatal("%s", str_text(&why));
    str_free(&why);
    return 0;
}

/* Our defaults never make an existing main.cf invalid; only master.cf may lack what was added over the years. */
static int upgrade_configuration(const struct command *command)
{
    struct str why = {0};
    size_t added;

    if (!upgrade_services(command->config, &added, &why))
        log_fatal("%s", str_text(&why));
    if (added == 0)
        log_info("the configuration needs no changes");
    str_free(&why);
    return 0;
}

static int logrotate(const struct command *command)
{
    struct str path = {0};
    struct str why = {0};

    if (!log_file_rotate(command->config, &path, &why))
        log_fatal("%s", str_text(&why));
    if (is_running(command)) {
        log_info("the log goes on in a new file"); /* a line makes postlogd look at once */
        (void)sleep(ROTATE_WAIT_S);                /* it may have looked within this second */
        log_debug("the old file is compressed now");
    }
    if (!log_file_compress(command->config, str_text(&path), &why))
        log_fatal("%s", str_text(&why));
    str_free(&path);
    str_free(&why);
    return 0;
}

/* Dry runs are a program of their own: what they ask is the code of smtpd and qmgr, which this one doesn't know. */
static int rehearse(const struct command *command)
{
    struct str path = {0};
    size_t count = 0;

    while (command->arguments[count] != NULL)
        count++;
    char **arguments = memory_zeroed(count + 2, sizeof(*arguments));
    arguments[0] = memory_copy_text("rehearse");
    for (size_t i = 0; i < count; i++)
        arguments[i + 1] = command->arguments[i];
    str_printf(&path, "%s/rehearse", programs_directory(command->config));
    (void)execv(str_text(&path), arguments);
    log_fatal("exec %s: %m", str_text(&path));
}

static int version(const struct command *command)
{
    (void)printf("Posthaste, a replacement for Postfix %s\n", command->config->mail_version); /* checked by fflush */
    return fflush(stdout) == 0 ? 0 : 1;
}

static int help(const struct command *command);

static const struct verb {
    const char *name;
    int (*run)(const struct command *command);
    bool needs_owner; /* root, or whom the configuration belongs to */
    const char *text;
} verbs[] = {
    { "start", start, true, "check, then start the mail system; returns when it is ready" },
    { "start-fg", start_foreground, true, "the same in the foreground (containers)" },
    { "stop", stop, true, "let running processes come to an end, then stop" },
    { "abort", abort_now, true, "stop at once" },
    { "quick-start", start, true, NULL },
    { "quick-stop", stop, true, NULL },
    { "reload", reload, true, "use the changed configuration; client sessions go on" },
    { "flush", flush, true, "try to deliver all deferred mail now" },
    { "check", check, true, "look over main.cf, master.cf, files and permissions" },
    { "status", status, true, "tell whether the mail system runs (exit status 0)" },
    { "set-permissions", set_permissions, true, "put owners and modes of folders and programs right" },
    { "upgrade-configuration", upgrade_configuration, true, "bring an old configuration up to date" },
    { "logrotate", logrotate, true, "move maillog_file away and begin a new one" },
    { "session", rehearse, false, "tell what a client would hear from smtpd, and who decides; sends nothing" },
    { "route", rehearse, false, "tell who would get an address, and why" },
    { "version", version, false, "print the version" },
    { "help", help, false, "print this" },
};

static int help(const struct command *command)
{
    (void)printf("usage: posthaste [-c config_dir] [-Dv] command\n"); /* checked by fflush */
    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        if (verbs[i].text != NULL)
            (void)printf("  %-22s %s\n", verbs[i].name, verbs[i].text); /* as above */
    return fflush(stdout) == 0 ? 0 : 1;
}

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        if (text_equal(verbs[i].name, name))
            return &verbs[i];
    return NULL;
}

/* An ordinary user may run an instance of his own. */
static void check_right(const struct config *config)
{
    struct str path = {0};
    struct stat main_cf;

    str_printf(&path, "%s/main.cf", config->config_directory);
    bool own = stat(str_text(&path), &main_cf) == 0 && main_cf.st_uid == geteuid();
    str_free(&path);
    if (geteuid() == 0 || own)
        return;
    log_error("to submit mail, use the Postfix sendmail command");
    log_fatal("the postfix command is reserved for the superuser");
}

static struct config *load_config(void)
{
    struct config *config;
    struct str why = {0};

    if (!config_load(NULL, NULL, 0, "postfix", &config, &why)) {
        log_to_stderr(false); /* where the log is only main.cf knows: so whoever started this command is told */
        examine_main_cf();
        log_fatal("%s", str_text(&why));
    }
    str_free(&why);
    log_set_facility(config->syslog_facility);
    log_open(config->syslog_name, "postfix");
    log_file_use(config);
    return config;
}

static void parse_options(int argc, char **argv, struct command *command)
{
    int option;

    while ((option = getopt(argc, argv, "+c:Dv")) != -1) {
        switch (option) {
        case 'c':
            if (setenv("MAIL_CONFIG", optarg, 1) != 0)
                log_fatal("setenv: %m");
            break;
        case 'D': command->with_debugger = true; break;
        case 'v': command->verbosity++; break;
        default: log_fatal("usage: postfix [-c config_dir] [-Dv] command");
        }
    }
}

int main(int argc, char **argv)
{
    struct command command = {0};

    (void)umask(022); /* always succeeds */
    log_open("postfix", "postfix");
    if (isatty(STDERR_FILENO))
        log_to_stderr(true);
    parse_options(argc, argv, &command);
    struct config *config = load_config();
    command.config = config;
    command.arguments = argv + optind;
    const char *name = optind < argc ? argv[optind] : "";
    const struct verb *verb = find_verb(name);
    if (verb == NULL || verb->needs_owner)
        check_right(config);
    (void)log_set_service("postfix-script"); /* who wrote these lines before */
    if (verb == NULL)
        log_fatal("unknown command: '%s'. Usage: postfix " USAGE_VERBS, name);
    log_set_debug(command.verbosity);
    int result = verb->run(&command);
    config_free(config);
    return result;
}
