#include "smtpd/policy/decide_certificate.h"

#include "util/log/log.h"

static enum table_result look_up(struct evaluation *evaluation, const char *fingerprint)
{
    struct str value = {0};
    enum table_result result = *fingerprint == '\0'
        ? TABLE_ABSENT : maps_find(evaluation->policy->relay_certificates, fingerprint, &value, NULL);

    str_free(&value);
    return result;
}

/* Whoever isn't asked for a certificate shows none; who didn't say STARTTLS could show none anyway. */
static void warn_if_not_asked(const struct evaluation *evaluation, const struct restriction *restriction)
{
    if (evaluation->facts->encrypted && !evaluation->policy->config->smtpd_tls_ask_ccert)
        log_warning("%s is requested, but \"smtpd_tls_ask_ccert = no\"", restriction->name);
}

enum decision decide_certificate_listed(struct evaluation *evaluation, const struct restriction *restriction)
{
    const struct tls_facts *tls = evaluation->facts->tls;

    warn_if_not_asked(evaluation, restriction);
    if (tls == NULL || !tls->has_certificate || maps_is_empty(evaluation->policy->relay_certificates))
        return DECISION_DUNNO;
    enum table_result result = look_up(evaluation, tls->fingerprint);
    if (result == TABLE_ABSENT)
        result = look_up(evaluation, tls->key_fingerprint);
    switch (result) {
    case TABLE_FOUND:
        return DECISION_PERMIT;
    case TABLE_FAILED:
        log_warning("relay_clientcerts: lookup error for fingerprint '%s', pkey fingerprint %s", tls->fingerprint,
            tls->key_fingerprint);
        return evaluation_server_error(evaluation);
    case TABLE_ABSENT:
        break;
    }
    return DECISION_DUNNO;
}

enum decision decide_certificate_trusted(struct evaluation *evaluation, const struct restriction *restriction)
{
    const struct tls_facts *tls = evaluation->facts->tls;

    warn_if_not_asked(evaluation, restriction);
    return tls != NULL && tls->has_certificate && tls->trust >= TLS_TRUSTED ? DECISION_PERMIT : DECISION_DUNNO;
}
