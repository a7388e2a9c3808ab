#include "smtpd/session.h"

#include "util/base/clock.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/address.h"

const char *session_protocol(const struct session *session)
{
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

struct verdict session_soften(const struct session *session, struct verdict verdict)
{
    if (session->config->soft_bounce && verdict.code >= 500 && verdict.code < 600) {
        verdict.code -= 100;
        if (verdict.status[0] == '5')
            verdict.status[0] = '4';
    }
    return verdict;
}

void session_log_reject(struct session *session, const struct verdict *verdict, const char *stage, const char *recipient)
{
    struct verdict said = session_soften(session, *verdict);
    struct str text = {0};

    str_printf(&text, "%d %s%s%s", said.code, said.status, said.status[0] == '\0' ? "" : " ", said.text);
    session_log_action(session, "reject", stage, str_text(&text), recipient);
    str_free(&text);
}

struct verdict session_reject(struct session *session, struct verdict verdict, const char *stage)
{
    session->trouble |= TROUBLE_POLICY;
    session_log_reject(session, &verdict, stage, NULL);
    return verdict;
}

struct verdict session_local_data_error(struct session *session, const char *stage)
{
    const char *text = arena_printf(session->call, "%s Server local data error", session->config->myhostname);

    session->trouble |= TROUBLE_DATA;
    log_info("%s: reject: %s from %s: 421 4.3.0 %s", session_queue_id(session), stage, session->client_text, text);
    return VERDICT(421, "4.3.0", text);
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

struct verdict session_judge_bare_newline(struct session *session, const char *stage)
{
    const struct config *config = session->config;
    bool refused = text_equal_nocase(config->smtpd_forbid_bare_newline, "reject");
    bool noted = text_equal_nocase(config->smtpd_forbid_bare_newline, "note");

    if (session->bare_newline_excluded || (!refused && !noted))
        return (struct verdict){0};
    if (refused || !session->bare_newline_noted)
        session_log_action(session, refused ? "reject" : "note", stage, "bare <LF> received",
            session->transaction.recipient_count == 1 ? session->transaction.recipient : NULL);
    session->bare_newline_noted = true;
    if (noted)
        return (struct verdict){0};
    return (struct verdict){ .code = (int)config->smtpd_forbid_bare_newline_reject_code, .status = "5.5.2",
        .text = arena_printf(session->call, "%s Error: bare <LF> received", config->myhostname) };
}
