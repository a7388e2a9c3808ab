#include "smtpd/milter_macros.h"

#include "smtpd/policy/access_key.h"
#include "smtpd/session.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/mail/rewrite.h"
#include "util/net/tls.h"

static const char *value_i(struct session *session)
{
    return session->transaction.message == NULL ? NULL : intake_queue_id(session->transaction.message);
}

static const char *value_j(struct session *session)
{
    return session->config->myhostname;
}

static const char *value_v(struct session *session)
{
    return session->config->milter_macro_v;
}

static const char *value_client(struct session *session)
{
    const struct client_name *client = &session->client;

    return arena_printf(session->call, "%s [%s]%s", client->reverse_name, client->address,
        text_equal_nocase(client->name, client->reverse_name) ? "" : " (may be forged)");
}

static const char *value_client_addr(struct session *session)
{
    return session->client.address;
}

static const char *value_client_name(struct session *session)
{
    return session->client.name;
}

static const char *value_client_port(struct session *session)
{
    return session->client.port;
}

static const char *value_client_ptr(struct session *session)
{
    return session->client.reverse_name;
}

static const char *value_client_connections(struct session *session)
{
    return arena_printf(session->call, "%u", session->client_connections);
}

static const char *value_client_resolve(struct session *session)
{
    switch (session->client.status) {
    case CLIENT_NAME_FOUND:
        return "OK";
    case CLIENT_NAME_TEMPORARY:
        return "TEMP";
    case CLIENT_NAME_FORGED:
        return "FORGED";
    case CLIENT_NAME_ABSENT:
        break;
    }
    return "FAIL";
}

static const char *value_daemon_addr(struct session *session)
{
    return session->server_address;
}

static const char *value_daemon_port(struct session *session)
{
    return session->server_port;
}

static const char *value_daemon_name(struct session *session)
{
    return session->config->milter_macro_daemon_name;
}

/* Where the sender's own mail would go. */
static bool route_of(struct session *session, const char *address, struct route *route)
{
    return router_resolve(session->service->router, "", address, session->call, route) == ROUTE_FOUND;
}

static const char *resolved(struct session *session, const char *address)
{
    struct str standard = {0};
    struct route route;

    if (address == NULL || *address == '\0')
        return address;
    rewrite_address(session->config, session->context, address, &standard);
    bool is_found = route_of(session, str_text(&standard), &route);
    str_free(&standard);
    return is_found ? access_key_address(session->config, &route, session->call) : NULL;
}

static const char *value_mail_addr(struct session *session)
{
    return resolved(session, session->transaction.sender);
}

static const char *value_mail_host(struct session *session)
{
    struct route route;

    return session->transaction.sender != NULL && route_of(session, session->transaction.sender, &route) ? route.next_hop
                                                                                                        : NULL;
}

static const char *value_mail_mailer(struct session *session)
{
    struct route route;

    return session->transaction.sender != NULL && route_of(session, session->transaction.sender, &route) ? route.transport
                                                                                                        : NULL;
}

static const char *present_recipient(struct session *session)
{
    return session->milter_recipient != NULL ? session->milter_recipient : session->transaction.recipient;
}

static const char *value_rcpt_addr(struct session *session)
{
    return session->milter_refusal != NULL ? session->milter_refusal->text : resolved(session, present_recipient(session));
}

static const char *value_rcpt_host(struct session *session)
{
    const char *recipient = present_recipient(session);
    struct route route;

    if (session->milter_refusal != NULL)
        return session->milter_refusal->status;
    return recipient != NULL && route_of(session, recipient, &route) ? route.next_hop : NULL;
}

static const char *value_rcpt_mailer(struct session *session)
{
    const char *recipient = present_recipient(session);
    struct route route;

    if (session->milter_refusal != NULL)
        return "error";
    return recipient != NULL && route_of(session, recipient, &route) ? route.transport : NULL;
}

static const char *value_auth_type(struct session *session)
{
    return session->login.method;
}

static const char *value_auth_authen(struct session *session)
{
    return session->login.method == NULL ? NULL : session->login.user;
}

static const char *value_auth_author(struct session *session)
{
    const char *sender = session->transaction.parameters.auth;

    return sender == NULL || *sender == '\0' ? NULL : sender;
}

static const char *not_empty(const char *text)
{
    return *text == '\0' ? NULL : text;
}

static const char *value_tls_version(struct session *session)
{
    return session->tls == NULL ? NULL : tls_facts(session->tls)->protocol;
}

static const char *value_cipher(struct session *session)
{
    return session->tls == NULL ? NULL : tls_facts(session->tls)->cipher;
}

static const char *value_cipher_bits(struct session *session)
{
    return session->tls == NULL ? NULL : arena_printf(session->call, "%d", tls_facts(session->tls)->cipher_bits);
}

/* Only of certificates that somebody we trust has signed. */
static const struct tls_facts *trusted_facts(const struct session *session)
{
    return session->tls != NULL && tls_facts(session->tls)->trust >= TLS_TRUSTED ? tls_facts(session->tls) : NULL;
}

static const char *value_cert_subject(struct session *session)
{
    const struct tls_facts *facts = trusted_facts(session);

    return facts == NULL ? NULL : not_empty(facts->subject);
}

static const char *value_cert_issuer(struct session *session)
{
    const struct tls_facts *facts = trusted_facts(session);

    return facts == NULL ? NULL : not_empty(facts->issuer);
}

static const struct {
    const char *name;
    const char *(*value)(struct session *session);
} macros[] = {
    { "i", value_i },
    { "j", value_j },
    { "v", value_v },
    { "_", value_client },
    { "{auth_authen}", value_auth_authen },
    { "{auth_author}", value_auth_author },
    { "{auth_type}", value_auth_type },
    { "{cert_issuer}", value_cert_issuer },
    { "{cert_subject}", value_cert_subject },
    { "{cipher}", value_cipher },
    { "{cipher_bits}", value_cipher_bits },
    { "{client_addr}", value_client_addr },
    { "{client_connections}", value_client_connections },
    { "{client_name}", value_client_name },
    { "{client_port}", value_client_port },
    { "{client_ptr}", value_client_ptr },
    { "{client_resolve}", value_client_resolve },
    { "{daemon_addr}", value_daemon_addr },
    { "{daemon_name}", value_daemon_name },
    { "{daemon_port}", value_daemon_port },
    { "{mail_addr}", value_mail_addr },
    { "{mail_host}", value_mail_host },
    { "{mail_mailer}", value_mail_mailer },
    { "{rcpt_addr}", value_rcpt_addr },
    { "{rcpt_host}", value_rcpt_host },
    { "{rcpt_mailer}", value_rcpt_mailer },
    { "{tls_version}", value_tls_version },
};

const char *milter_macros_value(void *context, const char *name)
{
    const struct session *session = context;

    if (session->milter_in_content && (text_starts_with(name, "{mail_") || text_starts_with(name, "{rcpt_")
                                       || text_equal(name, "{client_connections}")))
        return NULL; /* as with Postfix, whose content filters talk to another process */
    for (size_t i = 0; i < COUNT_OF(macros); i++) {
        if (text_equal(macros[i].name, name))
            return macros[i].value(context);
    }
    return NULL;
}
