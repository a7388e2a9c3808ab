/* AUTH (RFC 4954). */
#include <string.h>

#include "smtpd/command.h"
#include "smtpd/guess_delay.h"
#include "smtpd/keywords.h"
#include "smtpd/limits.h"
#include "smtpd/reply.h"
#include "smtpd/session.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/sasl/sasl_base64.h"

/* Says the challenge and waits for the response. code 0: go on with it; otherwise the exchange is over (or the connection, which
 * *lost tells). */
static struct verdict ask(struct session *session, const char *mechanism, const char *challenge, struct str *response,
    bool *lost)
{
    bool too_long;

    reply_send(session, VERDICT(334, "", challenge));
    *lost = !session_read_line(session, response, (size_t)session->config->smtpd_sasl_response_limit, &too_long);
    if (*lost)
        return (struct verdict){0};
    if (too_long)
        return VERDICT(500, "5.5.6", "SASL response limit exceeded");
    if (text_equal(str_text(response), "*")) {
        log_warning("%s: SASL %s authentication aborted", session->client_text, mechanism);
        return VERDICT(501, "5.7.0", "Authentication aborted");
    }
    return (struct verdict){0};
}

static struct verdict conclude(struct session *session, const char *mechanism, enum auth_status status, const char *reason)
{
    struct login *login = &session->login;
    const char *user = auth_user(login->auth);

    if (status == AUTH_SUCCEEDED && user != NULL) {
        login->method = arena_copy_text(session->arena, mechanism);
        login->user = arena_copy_text(session->arena, user);
        return VERDICT(235, "2.7.0", "Authentication successful");
    }
    log_warning("%s: SASL %.100s authentication failed: %s, sasl_username=%.100s", session->client_text, mechanism, reason,
        user == NULL ? "(unavailable)" : user);
    if (status != AUTH_UNAVAILABLE)
        guess_delay_failed(session, user);
    if (status == AUTH_UNAVAILABLE)
        return VERDICT(454, "4.7.0", arena_printf(session->call, "Temporary authentication failure: %s", reason));
    return VERDICT(535, "5.7.8", arena_printf(session->call, "Error: authentication failed: %s", reason));
}

/* code 0: the connection broke off. */
static struct verdict exchange(struct session *session, const char *mechanism, const char *initial)
{
    struct auth *auth = session->login.auth;
    struct verdict verdict = {0};
    struct str answer = {0};
    struct str response = {0};
    bool lost = false;

    enum auth_status status = auth_begin(auth, mechanism, initial, &answer);
    while (status == AUTH_CONTINUE && verdict.code == 0 && !lost) {
        verdict = ask(session, mechanism, str_text(&answer), &response, &lost);
        if (verdict.code == 0 && !lost)
            status = auth_respond(auth, str_text(&response), &answer);
        sasl_wipe(&response);
        stream_wipe(session->stream);
    }
    if (verdict.code == 0 && !lost)
        verdict = conclude(session, mechanism, status, str_text(&answer));
    str_free(&response);
    str_free(&answer);
    return verdict;
}

struct verdict command_auth(struct session *session, const char *arguments)
{
    const char *cursor = arguments;
    const char *words[3] = {0};
    size_t lengths[3];
    size_t count = 0;

    if (session->login.auth == NULL || (session->discard_keywords & KEYWORD_AUTH))
        return VERDICT(503, "5.5.1", "Error: authentication not enabled");
    if (session->transaction.sender != NULL)
        return VERDICT(503, "5.5.1", "Error: MAIL transaction in progress");
    if (session->login.method != NULL)
        return VERDICT(503, "5.5.1", "Error: already authenticated");
    struct verdict limit = limits_count(session, LIMIT_AUTH);
    if (limit.code != 0)
        return limit;
    while (count < 3 && text_next_word(&cursor, " \t", &words[count], &lengths[count]))
        count++;
    if (count < 1 || count > 2)
        return VERDICT(501, "5.5.4", "Syntax: AUTH mechanism");
    const char *mechanism = arena_copy_bytes(session->call, words[0], lengths[0]);
    struct str initial = {0};
    if (count == 2)
        str_put_bytes(&initial, words[1], lengths[1]);
    struct verdict verdict = exchange(session, mechanism, count == 2 ? str_text(&initial) : NULL);
    sasl_wipe(&initial);
    str_free(&initial);
    return verdict;
}
