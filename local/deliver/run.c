#include "local/deliver/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "local/deliver/macros.h"
#include "local/mailbox/mail.h"
#include "local/report.h"
#include "util/base/brace.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/exit_status.h"
#include "util/sys/child_command.h"

enum { FEED_BYTES = 32768 };

/* --- environment --- */

struct environment {
    struct arena *arena;
    char **entries;
    size_t count;
};

/* A name has one value: the last. */
static void put(struct environment *environment, const char *name, const char *value)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < environment->count; i++) {
        if (strncmp(environment->entries[i], name, length) == 0 && environment->entries[i][length] == '=') {
            environment->entries[i] = arena_printf(environment->arena, "%s=%s", name, value);
            return;
        }
    }
    environment->entries = memory_resize(environment->entries, environment->count + 2, sizeof(*environment->entries));
    environment->entries[environment->count++] = arena_printf(environment->arena, "%s=%s", name, value);
    environment->entries[environment->count] = NULL;
}

/* export_environment: names, or name=value. */
static void put_exported(struct environment *environment, const char *list)
{
    struct str word = {0};
    struct str inner = {0};
    struct str why = {0};

    while (brace_next_word(&list, TEXT_LIST_SEPARATORS, &word)) {
        const char *text = str_text(&word);
        if (*text == '{')
            text = brace_content(text, &inner, &why) ? str_text(&inner) : "";
        const char *equals = strchr(text, '=');
        if (equals != NULL) {
            put(environment, arena_copy_bytes(environment->arena, text, (size_t)(equals - text)), equals + 1);
        } else if (getenv(text) != NULL) {
            put(environment, text, getenv(text));
        }
    }
    str_free(&word);
    str_free(&inner);
    str_free(&why);
}

static void put_filtered(struct environment *environment, const char *name, const char *value, const char *filter)
{
    char *copy = arena_copy_text(environment->arena, value);

    macros_filter(copy, filter);
    put(environment, name, copy);
}

static void put_message(struct environment *environment, const struct delivery *delivery, const struct step *step)
{
    const char *filter = delivery->local->config->command_expansion_filter;
    const struct envelope *envelope = &delivery->order->envelope;
    const struct { const char *name; const char *value; bool always; } values[] = {
        { "SENDER", step->sender, true },
        { "RECIPIENT", step->recipient.address, true },
        { "ORIGINAL_RECIPIENT", step->recipient.original, false },
        { "USER", step->user, true },
        { "LOGNAME", step->user, true },
        { "EXTENSION", step->extension, false },
        { "DOMAIN", step->domain, false },
        { "LOCAL", step->local, true },
        { "CLIENT_ADDRESS", envelope_attribute(envelope, ATTRIBUTE_CLIENT_ADDRESS), false },
        { "CLIENT_HELO", envelope_attribute(envelope, ATTRIBUTE_CLIENT_HELO), false },
        { "CLIENT_HOSTNAME", envelope_attribute(envelope, ATTRIBUTE_CLIENT_NAME), false },
        { "CLIENT_PROTOCOL", envelope_attribute(envelope, ATTRIBUTE_CLIENT_PROTOCOL), false },
        { "SASL_METHOD", envelope_attribute(envelope, ATTRIBUTE_SASL_METHOD), false },
        { "SASL_SENDER", envelope_attribute(envelope, ATTRIBUTE_SASL_SENDER), false },
        { "SASL_USERNAME", envelope_attribute(envelope, ATTRIBUTE_SASL_USERNAME), false },
    };

    for (size_t i = 0; i < COUNT_OF(values); i++) {
        if (values[i].always || *values[i].value != '\0')
            put_filtered(environment, values[i].name, values[i].value, filter);
    }
    if (step->account != NULL) {
        put_filtered(environment, "HOME", step->account->home, filter);
        put_filtered(environment, "SHELL", step->account->shell, filter);
    }
}

/* --- running --- */

struct feeding {
    struct mail_text text;
};

static bool feed(void *context, struct str *block)
{
    struct feeding *feeding = context;

    return mail_text_next(&feeding->text, block, FEED_BYTES);
}

static void report_end_of_command(struct delivery *delivery, const struct step *step, const char *command,
    enum child_command_end end, int status, const struct str *output)
{
    struct verdict verdict;
    struct str why = {0};
    struct str diagnostic = {0};

    switch (end) {
    case CHILD_COMMAND_NOT_STARTED:
        verdict = VERDICT(450, "4.3.0", "cannot run command");
        log_warning("run command \"%s\": %s", command, strerror(errno));
        break;
    case CHILD_COMMAND_UNFED:
        verdict = VERDICT(450, "4.3.0", "cannot read the message");
        log_warning("%s: queue file can't be read", delivery->order->queue_id);
        break;
    case CHILD_COMMAND_TIMED_OUT:
        verdict = exit_status_timed_out(command, output, &why);
        log_warning("pipe_command_read: read time limit exceeded"); /* wording: Postfix */
        break;
    case CHILD_COMMAND_ENDED:
        verdict = exit_status_verdict(status, command, output, &why);
        exit_status_diagnostic(status, output, &diagnostic);
        break;
    }
    if (verdict.code < 300)
        report(delivery, step, 250, "2.0.0", "delivered to command: %s", command);
    else
        report_command(delivery, step, verdict.code, verdict.status, arena_copy_text(delivery->order->arena, verdict.text),
            arena_copy_text(delivery->order->arena, str_text(&diagnostic)));
    str_free(&diagnostic);
    str_free(&why);
}

static void run(struct delivery *delivery, const struct step *step, const char *command, uid_t uid, gid_t gid)
{
    const struct local *local = delivery->local;
    const struct config *config = local->config;
    struct environment environment = { .arena = delivery->order->arena };
    struct str directory = {0};
    struct str output = {0};
    struct mail mail = {
        .order = delivery->order,
        .sender = step->sender,
        .original = config->enable_original_recipient ? step->recipient.original : "",
        .delivered_to = (local->prepend & PREPEND_COMMAND) ? step->delivered_to : "",
    };
    struct feeding feeding;
    int status = 0;

    if (!macros_expand(delivery, step, config->command_execution_directory, config->execution_directory_expansion_filter,
            &directory, NULL)) {
        report(delivery, step, 450, "4.3.5", "mail system configuration error");
        str_free(&directory);
        return;
    }
    report_waiting(delivery);
    put_exported(&environment, config->export_environment);
    put(&environment, "PATH", "/usr/bin:/bin"); /* whatever was exported, as Postfix does it */
    put_message(&environment, delivery, step);
    mail_text_start(&feeding.text, &mail, MAIL_FROM_LINE);
    enum child_command_end end = child_command_run(&(struct child_command){
        .command = command,
        .shell = config->local_command_shell,
        .environment = environment.entries,
        .directory = str_text(&directory),
        .uid = uid,
        .gid = gid,
        .time_limit_s = config->command_time_limit,
        .file_limit_bytes = config->mailbox_size_limit,
        .feed = feed,
        .context = &feeding,
    }, "local", &output, &status);
    mail_text_stop(&feeding.text);
    report_end_of_command(delivery, step, command, end, status, &output);
    free(environment.entries);
    str_free(&directory);
    str_free(&output);
}

void run_destination(struct delivery *delivery, const struct step *step, const char *command)
{
    if (!(delivery->local->commands_from & step->source))
        report(delivery, step, 550, "5.7.1", "mail to command is restricted");
    else if (delivery->verify)
        report(delivery, step, 250, "2.0.0", "delivers to command: %s", command);
    else
        run(delivery, step, command, step->uid, step->gid);
}

void run_mailbox_command(struct delivery *delivery, const struct step *step, const char *command)
{
    const struct local *local = delivery->local;
    bool root = step->account->uid == 0;

    if (delivery->verify)
        report(delivery, step, 250, "2.0.0", "delivers to command: %s", command);
    else
        run(delivery, step, command, root ? local->default_uid : step->account->uid,
            root ? local->default_gid : step->account->gid);
}
