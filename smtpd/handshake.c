#include "smtpd/handshake.h"

#include "smtpd/encryption.h"
#include "smtpd/limits.h"
#include "smtpd/login.h"
#include "smtpd/milter_stage.h"
#include "smtpd/session.h"
#include "util/log/log.h"

/* RFC 3207 section 4.2: everything that was said in plain text may have been said by somebody else. */
static void forget_session(struct session *session)
{
    stream_discard_input(session->stream);
    transaction_reset(&session->transaction);
    session->deferrals = (struct policy_deferrals){ 0 };
    milter_stage_forget(session);
    session->helo = NULL;
    session->extended = false;
    session->pipelining_offered = false;
    session->pipelined_early = false;
}

static struct verdict check_certificate(struct session *session)
{
    const struct tls_facts *facts = tls_facts(session->tls);
    const char *why = NULL;

    if (!encryption_must_see_certificate(session->service->encryption))
        return (struct verdict){ 0 };
    if (!facts->has_certificate)
        why = "No client certificate presented";
    else if (facts->trust < TLS_TRUSTED)
        why = "Client certificate not trusted";
    if (why == NULL)
        return (struct verdict){ 0 };
    log_info("NOQUEUE: abort: TLS from %s: %s", session->client_text, why);
    return VERDICT(421, "4.7.1", arena_printf(session->call, "%s Error: %s", session->config->myhostname, why));
}

struct verdict handshake_start(struct session *session)
{
    struct encryption *encryption = session->service->encryption;

    forget_session(session);
    session->tls = encryption_accept(encryption, stream_fd(session->stream), &session->client, session->client_text);
    if (session->tls == NULL)
        return VERDICT(454, "4.7.0", "TLS handshake failed");
    stream_set_transport(session->stream, &tls_transport, session->tls);
    session->encrypted = true;
    login_start(session);
    struct verdict limit = { 0 };
    if (!tls_facts(session->tls)->resumed)
        limit = limits_count(session, LIMIT_TLS);
    return limit.code != 0 ? limit : check_certificate(session);
}

void handshake_stop(struct session *session)
{
    tls_close(session->tls);
    session->tls = NULL;
    stream_set_transport(session->stream, NULL, NULL);
}
