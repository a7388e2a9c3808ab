#include "delivery/smtp/smtp_session.h"

#include <stdarg.h>
#include <stdlib.h>

#include "delivery/smtp/smtp_notice.h"
#include "qmgr/client/agent.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/log/log.h"
#include "util/net/tls.h"

enum { REPLY_LINE_BYTES = 2048, ODD_LINES_SHOWN = 10 };

struct smtp_session *smtp_session_open(struct smtp_client *client, int socket, const char *name, const char *address,
    unsigned port)
{
    struct smtp_session *session = memory_new(struct smtp_session);
    struct arena *arena = arena_new();

    session->client = client;
    session->stream = stream_open(socket);
    session->arena = arena;
    session->name = arena_copy_text(arena, name);
    session->address = arena_copy_text(arena, address);
    session->port = port;
    session->host = arena_printf(arena, "%s[%s]", name, address);
    session->relay = port == 0 ? session->host : arena_printf(arena, "%s[%s]:%u", name, address, port);
    session->affinity = "";
    session->queue_id = "";
    session->stage = "";
    session->started_ms = clock_monotonic_ms();
    return session;
}

void smtp_session_serve(struct smtp_session *session, struct agent *agent, const char *queue_id)
{
    session->agent = agent;
    session->queue_id = arena_copy_text(session->arena, queue_id);
    if (session->is_debugged || match_list_client(session->client->debug_peers, session->name, session->address) != TABLE_FOUND)
        return;
    session->is_debugged = true;
    session->debug_level = log_debug_level();
    log_set_debug(session->debug_level + (int)session->client->config->debug_peer_level);
}

void smtp_session_rest(struct smtp_session *session)
{
    smtp_notice_send(session);
    if (session->is_debugged)
        log_set_debug(session->debug_level);
    session->is_debugged = false;
}

void smtp_session_close(struct smtp_session *session)
{
    if (session == NULL)
        return;
    smtp_session_rest(session);
    tls_close(session->tls);
    stream_close(session->stream);
    arena_free(session->arena);
    smtp_reply_free(&session->reply);
    str_free(&session->line);
    str_free(&session->mechanisms);
    str_free(&session->transcript);
    free(session);
}

bool smtp_session_failed(const struct smtp_session *session)
{
    return session->is_broken || stream_status(session->stream) != STREAM_OK;
}

void smtp_session_quit(struct smtp_session *session)
{
    const struct config *config = session->client->config;

    if (session->agent != NULL)
        (void)agent_flush(session->agent); /* what is done is told before this waits; a failure shows with the order's end */
    if (!smtp_session_failed(session)) {
        smtp_session_begin(session, config->smtp_quit_timeout, "sending QUIT");
        smtp_session_command(session, "QUIT");
        if (config->smtp_skip_quit_response)
            (void)stream_flush(session->stream); /* nothing depends on it any more */
        else
            (void)smtp_session_read_reply(session); /* likewise */
    }
    smtp_session_close(session);
}

void smtp_session_begin(struct smtp_session *session, int64_t timeout_s, const char *stage)
{
    stream_set_timeout(session->stream, timeout_s);
    if (session->client->config->smtp_per_request_deadline)
        stream_set_deadline(session->stream, clock_deadline_s(timeout_s));
    session->stage = stage;
}

void smtp_session_command(struct smtp_session *session, const char *format, ...)
{
    va_list arguments;

    str_clear(&session->line);
    va_start(arguments, format);
    str_vprintf(&session->line, format, arguments);
    va_end(arguments);
    log_debug("> %s: %s", session->relay, str_text(&session->line));
    smtp_notice_record(session, "Out:", str_text(&session->line));
    str_put(&session->line, "\r\n");
    stream_write(session->stream, session->line.data, session->line.length);
}

void smtp_session_put_line(struct smtp_session *session, const char *text)
{
    log_debug("> %s: %s", session->relay, text);
    smtp_notice_record(session, "Out:", text);
    stream_put(session->stream, text);
    stream_put(session->stream, "\r\n");
}

/* Reads a line of any length; only its start is kept. */
static bool read_line(struct smtp_session *session)
{
    enum stream_status status = stream_read_line(session->stream, &session->line, REPLY_LINE_BYTES);

    if (status == STREAM_TOO_LONG) {
        struct str rest = {0};
        size_t length = 0;
        do {
            status = stream_read_line(session->stream, &rest, REPLY_LINE_BYTES);
            length += rest.length;
        } while (status == STREAM_TOO_LONG && length < 1000 * (size_t)REPLY_LINE_BYTES);
        if (status == STREAM_TOO_LONG)
            session->must_close = true;
        str_free(&rest);
    }
    return stream_status(session->stream) == STREAM_OK;
}

/* smtp_reply_filter may replace a line. False: it failed. */
static bool filter_line(struct smtp_session *session)
{
    struct table *filter = session->client->reply_filter;
    struct str value = {0};

    if (filter == NULL)
        return true;
    enum table_result result = table_find(filter, str_text(&session->line), &value);
    if (result == TABLE_FOUND)
        str_set(&session->line, str_text(&value));
    else if (result == TABLE_FAILED)
        log_warning("%s: table %s lookup error for %s", session->queue_id, table_name(filter), str_text(&session->line));
    session->lacked_data |= result == TABLE_FAILED;
    str_free(&value);
    return result != TABLE_FAILED;
}

/* A line without a code: with commands in flight, replies may be taken for each other's. */
static void warn_of_odd_line(const struct smtp_session *session)
{
    if (session->reply.odd_line_count > ODD_LINES_SHOWN || !(session->can & SMTP_CAN_PIPELINE))
        return;
    log_warning("%s: non-%s response from %s: %.100s", session->queue_id, session->client->lmtp ? "LMTP" : "ESMTP",
        session->relay, str_text(&session->line));
    log_warning("to prevent loss of mail, turn off command pipelining for %s with the %s parameter", session->address,
        session->client->lmtp ? "lmtp_discard_lhlo_keyword_address_maps" : "smtp_discard_ehlo_keyword_address_maps");
}

bool smtp_session_read_reply(struct smtp_session *session)
{
    size_t odd_lines = 0;

    smtp_reply_clear(&session->reply);
    for (;;) {
        if (!read_line(session))
            return false;
        log_debug("< %s: %s", session->relay, str_text(&session->line));
        smtp_notice_record(session, "In: ", str_text(&session->line));
        if (!filter_line(session))
            return false;
        if (smtp_reply_add(&session->reply, str_text(&session->line), session->line.length, REPLY_LINE_BYTES))
            break;
        if (session->reply.odd_line_count > odd_lines)
            warn_of_odd_line(session);
        odd_lines = session->reply.odd_line_count;
    }
    if (session->reply.code == 421)
        session->must_close = true;
    return true;
}
