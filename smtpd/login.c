#include "smtpd/login.h"

#include "smtpd/encryption.h"
#include "smtpd/keywords.h"
#include "smtpd/session.h"
#include "util/log/log.h"

/* smtpd_tls_security_level = encrypt implies smtpd_tls_auth_only. */
static bool needs_encryption(const struct service *service)
{
    return service->config->smtpd_tls_auth_only || encryption_is_required(service->encryption)
           || encryption_is_immediate(service->encryption);
}

static const char *certificate_name(const struct session *session)
{
    const struct tls_facts *facts =
        session->tls == NULL || session->certificate_is_others ? NULL : tls_facts(session->tls);

    return facts == NULL || facts->trust < TLS_TRUSTED ? NULL : facts->subject;
}

void login_start(struct session *session)
{
    const struct auth_client client = {
        .client_address = session->client.address,
        .client_port = session->client.port,
        .server_address = session->server_address,
        .server_port = session->server_port,
        .encrypted = session->encrypted,
        .certificate_name = certificate_name(session),
    };

    login_stop(session);
    if (session->service->auth == NULL || (needs_encryption(session->service) && !client.encrypted))
        return;
    session->auth_client = client;
    struct str why = {0};
    session->login.auth = auth_open(session->service->auth, &session->auth_client, &why);
    if (session->login.auth == NULL)
        log_fatal("%s", str_text(&why));
    str_free(&why);
}

bool login_is_possible(struct service *service, struct str *why)
{
    const struct auth_client nobody = { "", "", "", "", encryption_is_immediate(service->encryption), NULL };

    if (service->auth == NULL || (needs_encryption(service) && !nobody.encrypted))
        return true;
    struct auth *auth = auth_open(service->auth, &nobody, why);
    bool possible = auth != NULL;
    auth_close(auth);
    return possible;
}

void login_stop(struct session *session)
{
    auth_close(session->login.auth);
    session->login = (struct login){0};
}

bool login_is_offered(const struct session *session)
{
    return session->login.auth != NULL && !(session->discard_keywords & KEYWORD_AUTH) && !session->auth_withheld;
}

const char *login_log_text(const struct session *session)
{
    const char *sender = session->transaction.parameters.auth;
    const char *text = "";

    if (session->login.method != NULL)
        text = arena_printf(session->call, ", sasl_method=%s, sasl_username=%s", session->login.method, session->login.user);
    if (sender != NULL)
        text = arena_printf(session->call, "%s, sasl_sender=%s", text, sender);
    return text;
}
