#include "smtpd/conversation.h"

#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "smtpd/client_rights.h"
#include "smtpd/command.h"
#include "smtpd/encryption.h"
#include "smtpd/greeting.h"
#include "smtpd/handshake.h"
#include "smtpd/limits.h"
#include "smtpd/login.h"
#include "smtpd/milter_stage.h"
#include "smtpd/notice.h"
#include "smtpd/reply.h"
#include "smtpd/upstream.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/sasl/sasl_base64.h"

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
    client_rights_find(session);
    client_rights_find_lasting(session);
    transaction_start(&session->transaction);
}

static void stop(struct session *session)
{
    log_set_debug(session->debug_level);
    login_stop(session);
    handshake_stop(session);
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

/* What the postmaster may see of a command: not the secret that AUTH brings along. */
static void transcribe(struct session *session, const char *line)
{
    const char *at = line + strspn(line, " \t");

    if (text_starts_with_nocase(at, "AUTH")) {
        at += strcspn(at, " \t");
        at += strspn(at, " \t");
        at += strcspn(at, " \t");
        const char *shown = *at == '\0' ? line : arena_printf(session->call, "%.*s ...", (int)(at - line), line);
        notice_record(session, "In:  ", shown, strlen(shown));
    } else {
        notice_record(session, "In:  ", line, strlen(line));
    }
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
    if (status == STREAM_TIMEOUT) {
        const char *text = arena_printf(session->arena, "421 4.4.2 %s Error: timeout exceeded", session->config->myhostname);
        log_info("timeout after %s from %s", session->where, session->client_text);
        session->trouble |= TROUBLE_PROTOCOL;
        session->aborted = "timeout";
        /* The stream stays failed after a time-out: the last words go by a fresh one. */
        struct stream *last = stream_open(dup(stream_fd(session->stream)));
        stream_set_timeout(last, 5);
        if (session->tls != NULL)
            stream_set_transport(last, &tls_transport, session->tls);
        notice_record(session, "Out: ", text, strlen(text));
        stream_printf(last, "%s\r\n", text);
        (void)stream_flush(last); /* nobody may be listening */
        stream_close(last);
    } else {
        session->aborted = "lost connection";
        log_info("lost connection after %s from %s", session->where, session->client_text);
    }
}

static struct verdict run_line(struct session *session, const struct str *line)
{
    if (!stream_line_had_cr(session->stream)) {
        struct verdict refused = session_judge_bare_newline(session, session->where);
        session->quit = refused.code != 0;
        if (session->quit)
            return refused;
    }
    return command_run(session, str_text(line));
}

/* False: nobody knows what the command was to become. */
static bool filter_command(struct session *session, struct str *line)
{
    struct str changed = {0};
    enum table_result result = TABLE_ABSENT;

    if (!maps_is_empty(session->service->command_filter))
        result = maps_find(session->service->command_filter, str_text(line), &changed, NULL);
    if (result == TABLE_FOUND) {
        log_info("%s: replacing command \"%.100s\" with \"%.100s\"", session->client_text, str_text(line),
            str_text(&changed));
        str_set(line, str_text(&changed));
    }
    str_free(&changed);
    return result != TABLE_FAILED;
}

static enum stream_status serve(struct session *session)
{
    struct str line = {0};
    enum stream_status status = STREAM_OK;

    while (!session->quit && status == STREAM_OK) {
        if (session->errors >= session->config->smtpd_hard_error_limit) {
            reply_send(session, VERDICT(421, "4.7.0",
                arena_printf(session->call, "%s Error: too many errors", session->config->myhostname)));
            session->aborted = "too many errors";
            log_info("too many errors after %s from %s", session->where, session->client_text);
            break;
        }
        status = read_command(session, &line);
        if (status != STREAM_OK)
            break;
        bool is_known = filter_command(session, &line);
        session->replied = false;
        struct verdict verdict = is_known ? run_line(session, &line) : session_local_data_error(session, session->where);
        status = session->lost ? STREAM_EOF : stream_status(session->stream);
        if (verdict.code == 0 || status != STREAM_OK)
            break; /* the content broke off */
        session->quit = session->quit || verdict.code == 421 || verdict.code == 521;
        if (text_equal(session->where, "AUTH"))
            sasl_wipe(&line);
        if (!session->replied)
            reply_put(session, verdict);
        if (session->ended_content && notice_flush(session, session->trouble, session->config->smtpd_history_flush_threshold))
            session->trouble = 0;
        session->ended_content = false;
        arena_reset(session->call);
    }
    if (status == STREAM_OK)
        status = stream_flush(session->stream);
    str_free(&line);
    return session->quit ? STREAM_OK : status;
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
    struct verdict verdict = handshake_start(session);
    if (verdict.code == 421)
        reply_send(session, verdict);
    else if (verdict.code != 0)
        *status = STREAM_EOF;
    return verdict.code == 0;
}

void conversation_run(struct service *service, int fd, const struct sockaddr *peer, socklen_t length)
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
        reply_put(&session, greeting_decide(&session));
        status = serve(&session);
    }
    if (status != STREAM_OK)
        say_goodbye(&session, status);
    milter_stage_stop(&session);
    transaction_reset(&session.transaction);
    notice_send(&session, session.trouble);
    command_put_counts(&session.counts, &counts);
    log_info("disconnect from %s%s", session.client_text, str_text(&counts));
    str_free(&counts);
    limits_disconnect(&session);
    stop(&session);
}
