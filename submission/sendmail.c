/* sendmail.c: Sendmail's command line in front of the mail system (sendmail(1)); also mailq and newaliases. Runs with the
 * rights of whoever calls it; what it may do, postdrop and the others decide. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "submission/compose.h"
#include "submission/sendmail_options.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/tool/command_config.h"

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

/* Another of our programs does the work. Does not return. */
static _Noreturn void become(const char *folder, const char *program, char *const *arguments)
{
    struct str path = {0};

    str_printf(&path, "%s/%s", folder, program);
    execv(str_text(&path), arguments);
    log_fatal_status(75, "execute %s: %s", str_text(&path), strerror(errno));
}

static void no_recipients(const struct sendmail_options *options, const char *mode)
{
    if (options->recipient_count > 0)
        log_fatal_status(75, "%s mode requires no recipient", mode);
}

static _Noreturn void flush(const struct config *config, const struct sendmail_options *options)
{
    const char *arguments[] = { "postqueue", "-f", NULL, NULL };

    no_recipients(options, "queue flush");
    if (options->flush_id != NULL) {
        arguments[1] = "-i";
        arguments[2] = options->flush_id;
    } else if (options->flush_site != NULL) {
        arguments[1] = "-s";
        arguments[2] = options->flush_site;
    }
    become(config->command_directory, "postqueue", (char *const *)(uintptr_t)arguments);
}

/* postalias for each database of alias_database, or for the one of -oA. */
static _Noreturn void build_aliases(const struct config *config, const struct sendmail_options *options)
{
    const char *list = options->alias_database != NULL ? options->alias_database : config->alias_database;
    char **arguments = memory_zeroed(strlen(list) / 2 + 4, sizeof(char *));
    const char *word;
    size_t length;
    size_t count = 0;

    arguments[count++] = memory_copy_text("postalias");
    arguments[count++] = memory_copy_text("--");
    while (text_next_word_braced(&list, TEXT_LIST_SEPARATORS, &word, &length))
        arguments[count++] = memory_copy_bytes(word, length);
    if (count == 2)
        exit(0); /* no alias database: nothing to do */
    become(config->command_directory, "postalias", arguments);
}

static void run(const struct config *config, const struct sendmail_options *options)
{
    static const char *const mailq[] = { "postqueue", "-p", NULL };
    static const char *const start[] = { "postfix", "start", NULL };
    static const char *const session[] = { "smtpd", "-S", NULL };

    switch (options->mode) {
    case SENDMAIL_SUBMIT:
        compose_submit(config, options);
        break;
    case SENDMAIL_SESSION:
        no_recipients(options, "stand-alone");
        become(config->daemon_directory, "smtpd", (char *const *)(uintptr_t)session);
    case SENDMAIL_DAEMON:
        no_recipients(options, "daemon");
        become(config->command_directory, "postfix", (char *const *)(uintptr_t)start);
    case SENDMAIL_ALIASES:
        no_recipients(options, "alias initialization");
        build_aliases(config, options);
    case SENDMAIL_MAILQ:
        no_recipients(options, "display queue");
        become(config->command_directory, "postqueue", (char *const *)(uintptr_t)mailq);
    case SENDMAIL_FLUSH:
        flush(config, options);
    case SENDMAIL_IGNORE:
        break;
    }
}

/* -C must be known before anything can be said in the log, so the options are looked at twice. */
static const char *config_option(int argc, char **argv)
{
    const char *directory = NULL;
    int option;

    while ((option = getopt(argc, argv, "+A:B:C:F:GIL:N:O:R:UV:X:b:ce:f:h:imno:p:q::r:tvx")) > 0) {
        if (option == 'C')
            directory = optarg;
    }
    optind = 1;
    return directory;
}

int main(int argc, char **argv)
{
    const char *program = argc > 0 ? name_of(argv[0]) : "sendmail";
    struct sendmail_options options;
    log_name_on_stderr(program);
    const struct config *config = command_config_load(config_option(argc, argv), "sendmail", 75);

    sendmail_options_parse(&options, argc, argv, program);
    run(config, &options);
    return 0;
}
