#include "smtpd/policy/decide_service.h"

#include "smtpd/policy/access_action.h"
#include "smtpd/policy/policy_service.h"
#include "util/config/expand.h"

/* Zero bytes and line ends can't occur in what a client said in one line; still, nothing may look like another attribute. */
static void put(struct str *request, const char *name, const char *value)
{
    str_printf(request, "%s=", name);
    for (; value != NULL && *value != '\0'; value++)
        str_put_char(request, *value == '\n' || *value == '\r' ? ' ' : *value);
    str_put_char(request, '\n');
}

static void put_number(struct str *request, const char *name, uint64_t value)
{
    str_printf(request, "%s=%llu\n", name, (unsigned long long)value);
}

/* Two attributes came with Postfix 3.8; a server that was written for a system before that is not surprised. */
static bool knows_newer_attributes(const struct config *config)
{
    long level;
    long first;

    return expand_parse_level(config->compatibility_level, &level) && expand_parse_level("3.8", &first) && level >= first;
}

static void put_request(struct evaluation *evaluation, const struct policy_service *service, struct str *request)
{
    static const struct policy_session unknown;
    const struct policy_facts *facts = evaluation->facts;
    const struct policy_session *session = facts->session != NULL ? facts->session : &unknown;
    bool counts = facts->stage == POLICY_DATA || facts->stage == POLICY_END_OF_MESSAGE;

    put(request, "request", "smtpd_access_policy");
    put(request, "protocol_state", session->state);
    put(request, "protocol_name", session->protocol);
    put(request, "client_address", facts->client->address);
    put(request, "client_name", facts->client->name);
    put(request, "client_port", facts->client->port);
    put(request, "reverse_client_name", facts->client->reverse_name);
    put(request, "server_address", session->server_address);
    put(request, "server_port", session->server_port);
    put(request, "helo_name", facts->helo);
    put(request, "sender", facts->sender);
    put(request, "recipient", facts->recipient);
    put_number(request, "recipient_count", counts ? facts->recipient_count : 0);
    put(request, "queue_id", session->queue_id);
    put(request, "instance", session->instance);
    put_number(request, "size", session->size_bytes);
    put(request, "etrn_domain", facts->etrn_domain);
    put(request, "stress", evaluation->policy->config->stress);
    put(request, "sasl_method", session->sasl_method);
    put(request, "sasl_username", session->sasl_user);
    put(request, "sasl_sender", session->sasl_sender);
    put(request, "ccert_subject", session->ccert_subject);
    put(request, "ccert_issuer", session->ccert_issuer);
    put(request, "ccert_fingerprint", session->ccert_fingerprint);
    put(request, "ccert_pubkey_fingerprint", session->ccert_pubkey_fingerprint);
    put(request, "encryption_protocol", session->encryption_protocol);
    put(request, "encryption_cipher", session->encryption_cipher);
    put_number(request, "encryption_keysize", (uint64_t)session->encryption_keysize);
    put(request, "policy_context", policy_service_context(service));
    if (knows_newer_attributes(evaluation->policy->config)) {
        put(request, "compatibility_level", evaluation->policy->config->compatibility_level);
        put(request, "mail_version", evaluation->policy->config->mail_version);
    }
}

enum decision decide_service(struct evaluation *evaluation, const struct restriction *restriction)
{
    struct policy_service *service = restriction->service;
    struct str request = {0};
    struct str action = {0};

    put_request(evaluation, service, &request);
    if (!policy_service_ask(service, str_text(&request), &action))
        str_set(&action, policy_service_default_action(service));
    enum decision decision = access_action_apply(evaluation, policy_service_text(service), evaluation->subject.name,
        arena_copy_text(evaluation->arena, str_text(&action)), &evaluation->subject);
    str_free(&request);
    str_free(&action);
    return decision;
}
