#include "smtpd/session.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "smtpd/facts.h"
#include "smtpd/limits.h"
#include "smtpd/milter_stage.h"
#include "smtpd/notice.h"
#include "smtpd/reply.h"
#include "smtpd/upstream.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/address.h"
#include "util/sasl/sasl_base64.h"

enum { TRANSCRIPT_BYTES = 64 * 1024 };

const char *session_protocol(const struct session *session)
{
    if (session->transaction.parameters.flags & ENVELOPE_SMTPUTF8)
        return "UTF8SMTP";
    return session->extended || session->tls != NULL ? "ESMTP" : "SMTP";
}

const char *session_queue_id(const struct session *session)
{
    return session->transaction.message == NULL ? "NOQUEUE" : intake_queue_id(session->transaction.message);
}

static void put_address(struct str *out, const char *label, const char *address)
{
    str_put(out, label);
    address_quote(address, out);
    str_put(out, ">");
}

void session_log_action(struct session *session, const char *action, const char *stage, const char *text,
    const char *recipient)
{
    struct str line = {0};


    str_printf(&line, "%s: %s: %s from %s: %s;", session_queue_id(session), action, stage, session->client_text, text);
    if (session->transaction.sender != NULL)
        put_address(&line, " from=<", session->transaction.sender);
    if (recipient != NULL)
        put_address(&line, " to=<", recipient);
    str_printf(&line, " proto=%s", session_protocol(session));
    if (session->helo != NULL)
        str_printf(&line, " helo=<%s>", session->helo);
    log_info("%s", str_text(&line));
    str_free(&line);
}

static void log_reject(struct session *session, const struct verdict *verdict, const char *stage, const char *recipient)
{
    struct verdict said = reply_soften(session, *verdict);
    struct str text = {0};

    str_printf(&text, "%d %s%s%s", said.code, said.status, said.status[0] == '\0' ? "" : " ", said.text);
    session_log_action(session, "reject", stage, str_text(&text), recipient);
    str_free(&text);
}

struct verdict session_reject(struct session *session, struct verdict verdict, const char *stage)
{
    session->trouble |= TROUBLE_POLICY;
    log_reject(session, &verdict, stage, NULL);
    return verdict;
}

/* --- access restrictions --- */

static const char *stage_name(const struct session *session, enum policy_stage stage)
{
    switch (stage) {
    case POLICY_CONNECT: /* XCLIENT, too */
    case POLICY_HELO:
        return session->where;
    case POLICY_MAIL:
        return "MAIL";
    case POLICY_RCPT:
        return "RCPT";
    case POLICY_DATA:
        return session->where;
    case POLICY_END_OF_MESSAGE:
        return "END-OF-MESSAGE";
    case POLICY_ETRN:
        return "ETRN";
    case POLICY_VRFY:
        return "VRFY";
    }
    return "";
}

static const char *note_label(enum policy_note_kind kind)
{
    switch (kind) {
    case POLICY_NOTE_REJECT_WARNING:
        return "reject_warning";
    case POLICY_NOTE_WARN:
        return "warn";
    case POLICY_NOTE_INFO:
        return "info";
    case POLICY_NOTE_PERMIT:
        return "permit";
    case POLICY_NOTE_HOLD:
        return "hold";
    case POLICY_NOTE_DISCARD:
        return "discard";
    case POLICY_NOTE_FILTER:
        return "filter";
    case POLICY_NOTE_REDIRECT:
        return "redirect";
    case POLICY_NOTE_BCC:
        return "bcc";
    case POLICY_NOTE_PREPEND:
    case POLICY_NOTE_SLEEP:
        break;
    }
    return NULL;
}

static void apply_note(struct session *session, const struct policy_note *note)
{
    struct transaction *transaction = &session->transaction;

    switch (note->kind) {
    case POLICY_NOTE_HOLD:
        transaction->hold = true;
        break;
    case POLICY_NOTE_DISCARD:
        transaction->discard = true;
        break;
    case POLICY_NOTE_FILTER:
        transaction->filter = arena_copy_text(transaction->arena, note->value);
        break;
    case POLICY_NOTE_REDIRECT:
        transaction->redirect = arena_copy_text(transaction->arena, note->value);
        break;
    case POLICY_NOTE_BCC:
        transaction_add_text(transaction, &transaction->bcc, note->value);
        break;
    case POLICY_NOTE_PREPEND:
        transaction_add_text(transaction, &transaction->headers, note->value);
        break;
    case POLICY_NOTE_SLEEP:
        (void)stream_flush(session->stream); /* a failure shows at the next read */
        (void)sleep((unsigned)strtoul(note->value, NULL, 10)); /* a signal may cut it short */
        break;
    case POLICY_NOTE_REJECT_WARNING:
    case POLICY_NOTE_WARN:
    case POLICY_NOTE_INFO:
    case POLICY_NOTE_PERMIT:
        break;
    }
}

/* A deferral outlives the command that it came up in; its text is in the memory of that command. */
static void keep_deferrals(struct session *session, enum policy_stage stage)
{
    struct verdict *verdicts[] = { &session->deferrals.client, &session->deferrals.helo, &session->deferrals.sender };
    size_t which = (size_t)stage - POLICY_CONNECT;

    if (which >= COUNT_OF(verdicts) || verdicts[which]->code == 0)
        return;
    str_set(&session->deferral_texts[which], verdicts[which]->text);
    verdicts[which]->text = str_text(&session->deferral_texts[which]);
}

struct verdict session_ask_policy(struct session *session, enum policy_stage stage, const char *recipient,
    const char *etrn_domain)
{
    const struct transaction *transaction = &session->transaction;
    const char *sender = stage == POLICY_VRFY || stage == POLICY_ETRN ? NULL : transaction->sender;
    const char *name = stage_name(session, stage);
    const struct policy_session details = facts_of_session(session, stage, name);
    /* Envelope addresses are always completed by our own domain, whoever sends them. */
    const struct policy_facts facts = { .stage = stage, .client = &session->client,
        .client_text = session->client_text, .context = REWRITE_LOCAL,
        .helo = session->helo, .sender = sender, .recipient = recipient, .recipient_count = transaction->recipient_count,
        .etrn_domain = etrn_domain, .pipelined_early = session->pipelined_early,
        .tls = session->tls == NULL ? NULL : tls_facts(session->tls),
        .encrypted = session->encrypted, .sasl_user = session->login.user, .dns_lists = &session->dns_lists,
        .session = &details };
    struct policy_result result;

    if (transaction->discard) /* it goes nowhere; who sends it shall not notice */
        return (struct verdict){0};
    policy_decide(session->service->policy, &facts, &session->deferrals, session->call, &result);
    keep_deferrals(session, stage);
    for (const struct policy_note *note = result.notes; note != NULL; note = note->next) {
        const char *label = note_label(note->kind);
        if (label != NULL && !(note->kind == POLICY_NOTE_HOLD && transaction->hold))
            session_log_action(session, label, name, note->text, recipient);
        apply_note(session, note);
    }
    if (result.verdict.code == 0)
        return result.verdict;
    session->trouble |= result.server_problem ? TROUBLE_SOFTWARE : TROUBLE_POLICY;
    session->quit = session->quit || result.ends_session;
    log_reject(session, &result.verdict, name, recipient);
    return result.verdict;
}

/* --- the connection --- */

static unsigned keywords_withheld(struct session *session)
{
    struct service *service = session->service;
    struct str list = {0};
    unsigned bits = service->discard_keywords;

    if (maps_is_empty(service->discard_keyword_maps))
        return bits;
    switch (maps_find(service->discard_keyword_maps, session->client.address, &list, NULL)) {
    case TABLE_FOUND:
        bits = service_parse_keywords(str_text(&list));
        break;
    case TABLE_FAILED:
        session->unknown_offer = arena_printf(session->arena, "don't know what EHLO features to announce to %s",
            session->client_text);
        break;
    case TABLE_ABSENT:
        break;
    }
    str_free(&list);
    return bits;
}

static bool matches_client(const struct session *session, struct match_list *list)
{
    return match_list_client(list, session->client.name, session->client.address) == TABLE_FOUND;
}

/* Who may speak for others. A look-up that fails keeps EHLO from being answered. */
static bool may_use(struct session *session, struct match_list *list, const char *keyword)
{
    enum table_result result = match_list_client(list, session->client.name, session->client.address);

    if (result == TABLE_FAILED)
        session->unknown_offer = arena_printf(session->arena, "don't know if EHLO feature %s should be announced to %s",
            keyword, session->client_text);
    return result == TABLE_FOUND;
}

static void name_server(struct session *session, const struct sockaddr *own, socklen_t length)
{
    char address[NI_MAXHOST];
    char port[NI_MAXSERV];

    if (getnameinfo(own, length, address, sizeof(address), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    bool is_mapped = text_starts_with_nocase(address, "::ffff:") && strchr(address, '.') != NULL;
    session->server_address = arena_copy_text(session->arena, is_mapped ? address + strlen("::ffff:") : address);
    session->server_port = arena_copy_text(session->arena, port);
}

static void find_server(struct session *session)
{
    struct sockaddr_storage own;
    socklen_t length = sizeof(own);

    session->server_address = session->server_port = "";
    if (getsockname(stream_fd(session->stream), (struct sockaddr *)&own, &length) == 0)
        name_server(session, (const struct sockaddr *)&own, length);
}

void session_change_client(struct session *session)
{
    const struct config *config = session->config;
    struct service *service = session->service;

    session->client_text = arena_printf(session->arena, config->smtpd_client_port_logging ? "%s[%s]:%s" : "%s[%s]",
        session->client.name, session->client.address, session->client.port);
    session->unknown_offer = NULL;
    session->discard_keywords = keywords_withheld(session);
    session->bare_newline_excluded = !text_equal_nocase(config->smtpd_forbid_bare_newline, "no")
                                     && matches_client(session, service->bare_newline_exclusions);
    session->context =
        matches_client(session, service->local_rewrite_clients) ? REWRITE_LOCAL : REWRITE_REMOTE;
    session->debug_level = log_debug_level();
    if (matches_client(session, service->debug_peers))
        log_set_debug(session->debug_level + (int)config->debug_peer_level);
    session->dns_lists = (struct dns_list_memory){ .arena = session->arena };
    session->xclient_allowed = may_use(session, service->xclient_hosts, "XCLIENT");
}

static void start(struct session *session, struct service *service, int fd, const struct sockaddr *peer, socklen_t length)
{
    const struct config *config = service->config;

    *session = (struct session){ .service = service, .config = config, .arena = arena_new(), .call = arena_new(),
        .where = "CONNECT" };
    session->stream = stream_open(fd);
    if (service->transport != NULL)
        stream_set_transport(session->stream, service->transport, NULL);
    stream_set_timeout(session->stream, config->smtpd_timeout);
    client_name_find(peer, length, config->smtpd_peername_lookup, session->arena, &session->client);
    find_server(session);
    session->trace_id = arena_printf(session->arena, "%llx.%lx", (unsigned long long)clock_wall_us(), (long)getpid());
    session_change_client(session);
    session->xforward_allowed = may_use(session, service->xforward_hosts, "XFORWARD");
    session->verp_allowed = matches_client(session, service->verp_clients);
    transaction_start(&session->transaction);
}

static void stop(struct session *session)
{
    log_set_debug(session->debug_level);
    login_stop(session);
    encryption_stop(session);
    transaction_stop(&session->transaction);
    stream_close(session->stream);
    arena_free(session->call);
    arena_free(session->arena);
    str_free(&session->helo_text);
    for (size_t i = 0; i < COUNT_OF(session->deferral_texts); i++)
        str_free(&session->deferral_texts[i]);
    str_free(&session->transcript);
    str_free(&session->scratch);
}

/* What is left of a line that was too long. */
static enum stream_status skip_line(struct session *session)
{
    struct str rest = {0};
    enum stream_status status;

    do
        status = stream_read_line(session->stream, &rest, 16384);
    while (status == STREAM_TOO_LONG);
    str_free(&rest);
    return status;
}

bool session_read_line(struct session *session, struct str *line, size_t limit, bool *too_long)
{
    if (session->config->smtpd_per_request_deadline)
        stream_set_deadline(session->stream, clock_deadline_s(session->config->smtpd_timeout));
    enum stream_status status = stream_read_line(session->stream, line, limit);
    *too_long = status == STREAM_TOO_LONG;
    if (*too_long) {
        status = skip_line(session);
        log_warning("%s: request longer than %zu: %.30s...", session->client_text, limit, str_text(line));
    }
    return status == STREAM_OK;
}

/* What the postmaster may see of a command: not the secret that AUTH brings along. */
static void transcribe(struct session *session, const char *line)
{
    size_t shown = strlen(line);

    if (text_starts_with_nocase(line + strspn(line, " \t"), "AUTH")) {
        const char *at = line + strspn(line, " \t");
        at += strcspn(at, " \t");
        at += strspn(at, " \t");
        shown = (size_t)(at - line) + strcspn(at, " \t");
    }
    if (session->transcript.length >= TRANSCRIPT_BYTES)
        return;
    str_put(&session->transcript, "In:  ");
    str_put_bytes(&session->transcript, line, shown);
    str_put(&session->transcript, line[shown] == '\0' ? "\n" : " ...\n");
}

static enum stream_status read_command(struct session *session, struct str *line)
{
    bool too_long;
    bool good = session_read_line(session, line, (size_t)session->config->line_length_limit, &too_long);

    while (line->length > 0 && (line->data[line->length - 1] == ' ' || line->data[line->length - 1] == '\t'))
        str_truncate(line, line->length - 1);
    if (good)
        transcribe(session, str_text(line));
    if (good && log_debug_level() > 0)
        log_debug("< %s: %s", session->client_text,
            text_starts_with_nocase(str_text(line), "AUTH") ? "AUTH" : str_text(line));
    return stream_status(session->stream);
}

/* The stream broke off, in a command or in the content. */
static void say_goodbye(struct session *session, enum stream_status status)
{
    const char *host = session->config->myhostname;

    if (status == STREAM_TIMEOUT) {
        log_info("timeout after %s from %s", session->where, session->client_text);
        session->trouble |= TROUBLE_PROTOCOL;
        /* The stream stays failed after a time-out: the last words go by a fresh one. */
        struct stream *last = stream_open(dup(stream_fd(session->stream)));
        stream_set_timeout(last, 5);
        if (session->tls != NULL)
            stream_set_transport(last, &tls_transport, session->tls);
        stream_printf(last, "421 4.4.2 %s Error: timeout exceeded\r\n", host);
        (void)stream_flush(last); /* nobody may be listening */
        stream_close(last);
    } else {
        log_info("lost connection after %s from %s", session->where, session->client_text);
    }
}

struct verdict session_judge_bare_newline(struct session *session)
{
    const struct config *config = session->config;
    bool refused = text_equal_nocase(config->smtpd_forbid_bare_newline, "reject");
    bool noted = text_equal_nocase(config->smtpd_forbid_bare_newline, "note");

    if (session->bare_newline_excluded || (!refused && !noted))
        return (struct verdict){0};
    if (refused || !session->bare_newline_noted)
        log_info("%s: %s: bare <LF> received after %s from %s", session_queue_id(session), refused ? "reject" : "note",
            session->where, session->client_text);
    session->bare_newline_noted = true;
    if (noted)
        return (struct verdict){0};
    return (struct verdict){ .code = (int)config->smtpd_forbid_bare_newline_reject_code, .status = "5.5.2",
        .text = arena_printf(session->call, "%s Error: bare <LF> received", config->myhostname) };
}

static struct verdict run_line(struct session *session, const struct str *line)
{
    if (!stream_line_had_cr(session->stream)) {
        struct verdict refused = session_judge_bare_newline(session);
        session->errors += refused.code != 0;
        if (refused.code != 0)
            return refused;
    }
    return command_run(session, str_text(line));
}

static void filter_command(struct session *session, struct str *line)
{
    struct str changed = {0};

    if (!maps_is_empty(session->service->command_filter)
        && maps_find(session->service->command_filter, str_text(line), &changed, NULL) == TABLE_FOUND) {
        log_info("%s: replacing command \"%.100s\" with \"%.100s\"", session->client_text, str_text(line),
            str_text(&changed));
        str_set(line, str_text(&changed));
    }
    str_free(&changed);
}

static enum stream_status serve(struct session *session)
{
    struct str line = {0};
    enum stream_status status = STREAM_OK;

    while (!session->quit && status == STREAM_OK) {
        if (session->errors >= session->config->smtpd_hard_error_limit) {
            reply_send(session, VERDICT(421, "4.7.0",
                arena_printf(session->call, "%s Error: too many errors", session->config->myhostname)));
            log_info("too many errors after %s from %s", session->where, session->client_text);
            break;
        }
        status = read_command(session, &line);
        if (status != STREAM_OK)
            break;
        filter_command(session, &line);
        session->replied = false;
        struct verdict verdict = run_line(session, &line);
        status = session->lost ? STREAM_EOF : stream_status(session->stream);
        if (verdict.code == 0 || status != STREAM_OK)
            break; /* the content broke off */
        session->quit = session->quit || verdict.code == 421 || verdict.code == 521;
        if (text_equal(session->where, "AUTH"))
            sasl_wipe(&line);
        if (!session->replied)
            reply_put(session, verdict);
        arena_reset(session->call);
    }
    if (status == STREAM_OK)
        status = stream_flush(session->stream);
    str_free(&line);
    return session->quit ? STREAM_OK : status;
}

/* The greeting, after the handshake where TLS comes first. */
struct verdict session_greeting(struct session *session)
{
    struct verdict verdict = session_ask_policy(session, POLICY_CONNECT, NULL, NULL);
    if (verdict.code != 0) {
        session->denied = true;
        session->errors++;
    } else {
        verdict = milter_stage_connect(session);
        session->quit = verdict.code == 421;
        if (verdict.code == 0)
            verdict = (struct verdict){ .code = 220, .text = session->config->smtpd_banner };
    }
    return verdict;
}

/* smtpd_tls_wrappermode. False: the session is over; *status is what it ended with. */
static bool start_encrypted(struct session *session, enum stream_status *status)
{
    const struct encryption *encryption = session->service->encryption;

    *status = STREAM_OK;
    if (!encryption_is_immediate(encryption))
        return true;
    if (!encryption_is_available(encryption)) {
        log_warning("Wrapper-mode request dropped from %s for service %s. TLS context initialization failed."
            " For details see earlier warnings in your logs.", session->client_text, session->server_port);
        return false;
    }
    struct verdict verdict = encryption_start(session);
    if (verdict.code == 421)
        reply_send(session, verdict);
    else if (verdict.code != 0)
        *status = STREAM_EOF;
    return verdict.code == 0;
}

void session_run(struct service *service, int fd, const struct sockaddr *peer, socklen_t length)
{
    struct session session;
    struct str counts = {0};
    enum stream_status status;
    struct upstream upstream;

    bool is_good = upstream_read(service->config, fd, &upstream);
    if (upstream.is_told) {
        peer = (const struct sockaddr *)&upstream.client;
        length = peer->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    }
    start(&session, service, fd, peer, length);
    if (upstream.is_told)
        name_server(&session, (const struct sockaddr *)&upstream.server, length);
    log_info("connect from %s", session.client_text);
    login_start(&session);
    struct verdict verdict = is_good ? limits_connect(&session)
        : VERDICT(421, "4.3.0", arena_printf(session.call, "%s Server local error", service->config->myhostname));
    if (verdict.code != 0) {
        reply_send(&session, verdict);
        status = STREAM_OK;
    } else if (start_encrypted(&session, &status)) {
        intake_prefetch(service->intake);
        reply_put(&session, session_greeting(&session));
        status = serve(&session);
    }
    if (status != STREAM_OK)
        say_goodbye(&session, status);
    milter_stage_stop(&session);
    transaction_reset(&session.transaction);
    notice_send(&session);
    command_put_counts(&session.counts, &counts);
    log_info("disconnect from %s%s", session.client_text, str_text(&counts));
    str_free(&counts);
    limits_disconnect(&session);
    stop(&session);
}
