#include "smtpd/rehearse/session_show.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "smtpd/path.h"
#include "smtpd/rehearse/rehearsal.h"
#include "smtpd/rehearse/session_options.h"
#include "util/base/text.h"
#include "util/log/log.h"

struct show {
    struct session_options options;
    struct view view;
    struct rehearsal rehearsal;
    struct arena *arena;
    bool refused; /* some command was */
};

/* --- who the client is --- */

static void find_client(struct show *show)
{
    const struct session_options *options = &show->options;
    struct client_name *client = &show->rehearsal.client;
    struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM };
    struct addrinfo *peer;

    if (getaddrinfo(options->address, "0", &hints, &peer) != 0)
        log_fatal("not an IP address: %s", options->address);
    client_name_find(peer->ai_addr, peer->ai_addrlen, options->name == NULL && show->view.config->smtpd_peername_lookup,
        show->arena, client);
    freeaddrinfo(peer);
    if (options->name != NULL) {
        bool unknown = text_equal(options->name, CLIENT_NAME_UNKNOWN);
        client->name = client->reverse_name = options->name;
        client->status = client->reverse_status = unknown ? CLIENT_NAME_ABSENT : CLIENT_NAME_FOUND;
    }
    if (options->reverse_name != NULL) {
        client->reverse_name = options->reverse_name;
        client->reverse_status =
            text_equal(options->reverse_name, CLIENT_NAME_UNKNOWN) ? CLIENT_NAME_ABSENT : CLIENT_NAME_FOUND;
    }
    show->rehearsal.helo = options->helo;
    if (options->helo == NULL && !text_equal(client->name, CLIENT_NAME_UNKNOWN))
        show->rehearsal.helo = client->name;
    else if (options->helo == NULL)
        show->rehearsal.helo =
            arena_printf(show->arena, strchr(client->address, ':') != NULL ? "[IPv6:%s]" : "[%s]", client->address);
}

static const struct master_cf_entry *find_service(const struct master_cf *master_cf, const char *name,
    struct arena *arena)
{
    const char *slash = strrchr(name, '/');
    const char *service = slash == NULL ? name : arena_copy_bytes(arena, name, (size_t)(slash - name));
    const struct master_cf_entry *found = NULL;

    for (size_t i = 0; i < master_cf->count; i++) {
        const struct master_cf_entry *entry = &master_cf->entries[i];
        if (text_equal(entry->fields[MASTER_CF_SERVICE], service)
            && text_equal(entry->fields[MASTER_CF_COMMAND], "smtpd")
            && (slash == NULL || text_equal(entry->fields[MASTER_CF_KIND], slash + 1)))
            found = entry;
    }
    return found;
}

/* Behind postscreen smtpd's own entry is "smtpd pass". */
static const struct master_cf_entry *choose_service(struct show *show, const struct master_cf *master_cf)
{
    const char *name = show->options.service;
    const struct master_cf_entry *entry = find_service(master_cf, name == NULL ? "smtp" : name, show->arena);

    if (entry == NULL && name == NULL)
        entry = find_service(master_cf, "smtpd/pass", show->arena);
    if (entry == NULL && name != NULL)
        log_fatal("master.cf has no service %s that runs smtpd", name);
    return entry;
}

static void open_view(struct show *show)
{
    struct master_cf *master_cf;
    struct config *main_config;
    struct str why = {0};

    if (!config_load(NULL, NULL, 0, NULL, &main_config, &why)
        || !master_cf_load(main_config->config_directory, master_cf_chroot_default(main_config), NULL, NULL, &master_cf,
            &why))
        log_fatal("%s", str_text(&why));
    if (chdir(main_config->queue_directory) != 0)
        log_warning("chdir %s: %m", main_config->queue_directory); /* sockets of policy servers may not be found */
    const struct master_cf_entry *entry = choose_service(show, master_cf);
    if (!view_open(&show->view, master_cf, entry, show->options.overrides, show->options.override_count, show->arena,
            &why))
        log_fatal("%s", str_text(&why));
    show->options.service = entry == NULL ? "main.cf" : entry->fields[MASTER_CF_SERVICE];
    config_free(main_config);
    str_free(&why);
}

/* --- what is shown --- */

static bool is_service(const struct restriction *restriction)
{
    return restriction->type != NULL
           && (restriction->type->argument == ARGUMENT_SERVICE
               || text_starts_with_nocase(restriction->type->name, "reject_unverified_"));
}

static bool may_ask(void *context, const struct restriction *restriction)
{
    const struct show *show = context;

    return show->options.ask || !is_service(restriction);
}

static const char *note_name(enum policy_note_kind kind)
{
    static const char *const labels[] = { [POLICY_NOTE_REJECT_WARNING] = "only warned of",
        [POLICY_NOTE_WARN] = "warning",
        [POLICY_NOTE_INFO] = "noted", [POLICY_NOTE_PERMIT] = "logged as permitted", [POLICY_NOTE_HOLD] = "put on hold",
        [POLICY_NOTE_DISCARD] = "discarded", [POLICY_NOTE_FILTER] = "content filter",
        [POLICY_NOTE_REDIRECT] = "redirected to", [POLICY_NOTE_BCC] = "copy to", [POLICY_NOTE_PREPEND] = "header added",
        [POLICY_NOTE_SLEEP] = "delay in seconds" };

    return labels[kind];
}

static void print_reasons(const struct show *show)
{
    const struct rehearsal *rehearsal = &show->rehearsal;
    const struct policy_result *result = &rehearsal->result;
    struct str line = {0};

    for (const struct trace_step *step = rehearsal->trace.first; step != NULL; step = step->next) {
        bool says_something = !step->was_asked || step->decision != DECISION_DUNNO || step->source != NULL;
        if ((!says_something && !show->options.verbose) || (step->is_class && !show->options.verbose))
            continue;
        str_clear(&line);
        trace_put_step(step, &line);
        (void)printf("    %s\n", str_text(&line)); /* main checks the stream */
    }
    for (const struct policy_note *note = result->notes; note != NULL; note = note->next)
        (void)printf("    %s: %s\n", note_name(note->kind),
            note->value == NULL ? note->text : note->value); /* likewise */
    if (result->verdict.code != 0 && result->list == NULL && result->restriction != NULL)
        (void)printf("    %s: refused\n", result->restriction); /* likewise */
    str_free(&line);
}

static void print_command(struct show *show, const char *command, struct verdict verdict, struct verdict fine)
{
    bool soft = show->view.config->soft_bounce && verdict.code >= 500;

    if (verdict.code == 0)
        verdict = fine;
    if (soft) {
        verdict.code -= 100;
        verdict.status[0] = verdict.status[0] == '5' ? '4' : verdict.status[0];
    }
    show->refused = show->refused || verdict.code >= 400;
    (void)printf("%s\n    -> %d %s%s%s\n", command, verdict.code, verdict.status, verdict.status[0] == '\0' ? "" : " ",
        verdict.text); /* main checks the stream */
}

/* --- the session --- */

static bool step(struct show *show, enum policy_stage stage, const char *command, const char *recipient,
    struct verdict fine)
{
    struct verdict verdict = rehearsal_step(&show->rehearsal, stage, recipient);

    print_command(show, command, verdict, fine);
    print_reasons(show);
    return verdict.code == 0;
}

/* The internal form of an address as MAIL and RCPT take it; NULL: it was refused. */
static const char *parse_address(struct show *show, const char *command, const char *text, bool is_sender)
{
    const struct config *config = show->view.config;
    struct str internal = {0};
    const char *address = NULL;
    bool in_brackets = text[0] == '<';
    const char *word = in_brackets ? text : arena_printf(show->arena, "<%s>", text);

    bool good = path_parse(config, REWRITE_LOCAL, word, config->strict_rfc821_envelopes, true, &internal) == PATH_OK
                && (is_sender || internal.length > 0);
    if (good)
        address = arena_copy_text(show->arena, str_text(&internal));
    else
        print_command(show, command,
            is_sender ? VERDICT(501, "5.1.7", "Bad sender address syntax")
                      : VERDICT(501, "5.1.3", "Bad recipient address syntax"),
            VERDICT_OK);
    str_free(&internal);
    return address;
}

static struct verdict encryption_refusal(const struct show *show)
{
    const struct config *config = show->view.config;

    bool required = config->smtpd_enforce_tls || text_equal(config->smtpd_tls_security_level, "encrypt");
    return required && !show->options.encrypted ? VERDICT(530, "5.7.0", "Must issue a STARTTLS command first")
                                                : (struct verdict){0};
}

static bool log_in(struct show *show)
{
    const struct config *config = show->view.config;
    const char *user = show->options.login;
    struct verdict refusal = {0};

    if (user == NULL)
        return true;
    if (!config->smtpd_sasl_auth_enable)
        refusal = VERDICT(503, "5.5.1", "Error: authentication not enabled");
    else if (config->smtpd_tls_auth_only && !show->options.encrypted)
        refusal = VERDICT(538, "5.7.11", "Encryption required for requested authentication mechanism");
    print_command(show, arena_printf(show->arena, "AUTH (as %s)", user), refusal,
        VERDICT(235, "2.7.0", "Authentication successful"));
    show->rehearsal.login = user;
    return refusal.code == 0;
}

static bool send_sender(struct show *show)
{
    const char *command = arena_printf(show->arena, "MAIL FROM:<%s>", show->options.sender);

    show->rehearsal.sender = parse_address(show, command, show->options.sender, true);
    return show->rehearsal.sender != NULL && step(show, POLICY_MAIL, command, NULL, VERDICT(250, "2.1.0", "Ok"));
}

static void send_recipients(struct show *show)
{
    const struct session_options *options = &show->options;

    for (size_t i = 0; i < options->recipient_count; i++) {
        const char *command = arena_printf(show->arena, "RCPT TO:<%s>", options->recipients[i]);
        const char *address = parse_address(show, command, options->recipients[i], false);
        if (address == NULL)
            continue;
        if ((int64_t)show->rehearsal.recipient_count >= show->view.config->smtpd_recipient_limit)
            print_command(show, command, VERDICT(452, "4.5.3", "Error: too many recipients"), VERDICT_OK);
        else
            (void)step(show, POLICY_RCPT, command, address, VERDICT(250, "2.1.5", "Ok")); /* the next may be fine */
    }
}

static void run(struct show *show)
{
    const char *host = show->view.config->myhostname;
    const char *helo = show->rehearsal.helo;

    if (!step(show, POLICY_CONNECT, "CONNECT", NULL, VERDICT(220, "", arena_printf(show->arena, "%s ESMTP", host))))
        return;
    if (!step(show, POLICY_HELO, arena_printf(show->arena, "EHLO %s", helo), NULL, VERDICT(250, "", host)))
        return;
    struct verdict refusal = encryption_refusal(show);
    if (refusal.code != 0) {
        print_command(show, "MAIL (without --tls)", refusal, VERDICT_OK);
        return;
    }
    if (!log_in(show) || !send_sender(show))
        return;
    send_recipients(show);
    if (show->rehearsal.recipient_count > 0
        && step(show, POLICY_DATA, "DATA", NULL, VERDICT(354, "", "End data with <CR><LF>.<CR><LF>")))
        (void)step(show, POLICY_END_OF_MESSAGE, "end of the message", NULL,
            VERDICT(250, "2.0.0", "Ok (what headers, body and filters say isn't asked)")); /* it is the last one */
}

int session_show(int argc, char **argv)
{
    struct show show = { .arena = arena_new() };

    session_options_parse(argc, argv, show.arena, &show.options);
    open_view(&show);
    show.rehearsal.view = &show.view;
    show.rehearsal.arena = show.arena;
    show.rehearsal.encrypted = show.options.encrypted;
    show.rehearsal.trace.may_ask = may_ask;
    show.rehearsal.trace.context = &show;
    find_client(&show);
    (void)printf("service %s, client %s[%s]\n", show.options.service, show.rehearsal.client.name,
        show.rehearsal.client.address); /* checked with the rest */
    if (!policy_stops_relay(show.view.policy))
        (void)printf("nothing in smtpd_relay_restrictions or smtpd_recipient_restrictions stops relaying: "
                     "smtpd doesn't start\n");
    run(&show);
    view_close(&show.view);
    arena_free(show.arena);
    if (fflush(stdout) != 0)
        log_fatal("write: %m");
    return show.refused ? 2 : 0;
}
