#include "smtpd/policy/decide_name.h"

#include <string.h>

#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/address.h"
#include "util/net/dns.h"
#include "util/net/host_name.h"
#include "util/net/idn.h"
#include "util/table/dns_filter.h"

enum decision decide_name_naked(struct evaluation *evaluation, const struct restriction *restriction)
{
    const char *helo = evaluation->facts->helo;

    return helo != NULL && host_name_is_address(helo, HOST_NAME_SILENT) ? DECISION_PERMIT : DECISION_DUNNO;
}

static struct subject helo_subject(const struct evaluation *evaluation)
{
    return (struct subject){ SUBJECT_HELO, evaluation->facts->helo };
}

/* A name without its final dot. */
static const char *without_dot(struct evaluation *evaluation, const char *name)
{
    size_t length = strlen(name);

    if (length < 2 || name[length - 1] != '.')
        return name;
    return arena_copy_bytes(evaluation->arena, name, length - 1);
}

/* "[192.0.2.1]": DUNNO when it is well-formed. */
static enum decision judge_literal(struct evaluation *evaluation, const struct subject *subject, const char *literal)
{
    size_t length = strlen(literal);
    const char *inside = arena_copy_bytes(evaluation->arena, literal + 1, length > 1 ? length - 2 : 0);

    if (length > 2 && literal[length - 1] == ']' && host_name_is_literal(inside, HOST_NAME_SILENT))
        return DECISION_DUNNO;
    return evaluation_reject(evaluation, (int)evaluation->policy->config->invalid_hostname_reject_code, "5.5.2", subject,
        "invalid ip address");
}

enum decision decide_name_invalid_helo(struct evaluation *evaluation, const struct restriction *restriction)
{
    const char *helo = evaluation->facts->helo;

    if (helo == NULL)
        return DECISION_DUNNO;
    struct subject subject = helo_subject(evaluation);
    if (helo[0] == '[')
        return judge_literal(evaluation, &subject, helo);
    const char *name = without_dot(evaluation, helo);
    if (host_name_is_address(name, HOST_NAME_SILENT) || host_name_is_valid(name, HOST_NAME_SILENT))
        return DECISION_DUNNO;
    return evaluation_reject(evaluation, (int)evaluation->policy->config->invalid_hostname_reject_code, "5.5.2", &subject,
        "Invalid name");
}

enum decision decide_name_non_fqdn_helo(struct evaluation *evaluation, const struct restriction *restriction)
{
    const char *helo = evaluation->facts->helo;

    if (helo == NULL)
        return DECISION_DUNNO;
    struct subject subject = helo_subject(evaluation);
    if (helo[0] == '[')
        return judge_literal(evaluation, &subject, helo);
    const char *name = without_dot(evaluation, helo);
    if (strchr(name, '.') != NULL && host_name_is_valid(name, HOST_NAME_SILENT))
        return DECISION_DUNNO;
    return evaluation_reject(evaluation, (int)evaluation->policy->config->non_fqdn_reject_code, "5.5.2", &subject,
        "need fully-qualified hostname");
}

/* What the filter hides can't be held against the client. */
static enum dns_outcome excuse(const char *name, const enum dns_type *types)
{
    log_warning("%s: %s lookup error: DNS reply filter drops all results", name,
        types[0] == DNS_MX ? "MX or address" : "address or MX");
    return DNS_FOUND;
}

/* Whether any of the types exists for name. DNS_TRY_AGAIN when not even one answer was had. */
static enum dns_outcome exists(struct evaluation *evaluation, const char *name, const enum dns_type *types, size_t count)
{
    enum dns_outcome result = DNS_NO_NAME;
    bool hidden = false;

    for (size_t i = 0; i < count; i++) {
        struct dns_answer answer;
        enum dns_outcome outcome = evaluation_ask_dns(evaluation, name, types[i], &answer);
        if (outcome == DNS_FOUND || outcome == DNS_NULL_MX)
            return outcome;
        hidden = hidden || dns_filter_hides_all(&answer);
        if (hidden && types[i] == DNS_MX)
            break;
        if (outcome == DNS_TRY_AGAIN)
            result = DNS_TRY_AGAIN;
        else if (result != DNS_TRY_AGAIN)
            result = outcome;
    }
    return hidden ? excuse(name, types) : result;
}

/* config's unknown_*_tempfail_action: defer_if_permit (default), defer_if_reject, defer or a restriction list. */
static enum decision temporary_failure(struct evaluation *evaluation, const char *action, const struct subject *subject,
    const char *status, const char *detail)
{
    if (text_equal_nocase(action, "defer"))
        return evaluation_reject(evaluation, 450, status, subject, detail);
    if (text_equal_nocase(action, "defer_if_reject"))
        evaluation_defer_if_reject(evaluation, 450, status, subject, detail);
    else
        evaluation_defer_if_permit(evaluation, 450, status, subject, detail);
    return DECISION_DUNNO;
}

enum decision decide_name_unknown_helo(struct evaluation *evaluation, const struct restriction *restriction)
{
    static const enum dns_type types[] = { DNS_A, DNS_AAAA, DNS_MX };
    const struct config *config = evaluation->policy->config;
    const char *helo = evaluation->facts->helo;

    if (helo == NULL)
        return DECISION_DUNNO;
    struct subject subject = helo_subject(evaluation);
    if (helo[0] == '[')
        return judge_literal(evaluation, &subject, helo);
    const char *name = without_dot(evaluation, helo);
    if (host_name_is_address(name, HOST_NAME_SILENT))
        return DECISION_DUNNO;
    enum dns_outcome outcome = exists(evaluation, name, types, 3);
    if (outcome == DNS_FOUND || outcome == DNS_NULL_MX)
        return DECISION_DUNNO;
    if (outcome == DNS_TRY_AGAIN)
        return temporary_failure(evaluation, config->unknown_helo_hostname_tempfail_action, &subject, "4.7.1",
            "Host not found");
    return evaluation_reject(evaluation, (int)config->unknown_hostname_reject_code, "4.7.1", &subject, "Host not found");
}

/* The address's domain without final dot, or NULL (none, or the null address). */
static const char *domain_of(struct evaluation *evaluation, const char *address)
{
    const char *domain = address == NULL ? NULL : address_domain(address);

    return domain == NULL || *domain == '\0' ? NULL : without_dot(evaluation, domain);
}

static enum decision non_fqdn_address(struct evaluation *evaluation, const char *address, enum subject_class class)
{
    struct subject subject = { class, address };

    if (address == NULL || *address == '\0')
        return DECISION_DUNNO;
    if (class == SUBJECT_RECIPIENT && text_equal_nocase(address, "postmaster"))
        return DECISION_DUNNO;
    const char *domain = domain_of(evaluation, address);
    if (domain != NULL && domain[0] == '[')
        return DECISION_DUNNO;
    struct str ascii = {0};
    bool valid = domain != NULL && strchr(domain, '.') != NULL && idn_to_ascii(domain, &ascii)
                 && host_name_is_valid(str_text(&ascii), HOST_NAME_SILENT);
    str_free(&ascii);
    if (valid)
        return DECISION_DUNNO;
    return evaluation_reject(evaluation, (int)evaluation->policy->config->non_fqdn_reject_code, "5.5.2", &subject,
        "need fully-qualified address");
}

enum decision decide_name_non_fqdn_sender(struct evaluation *evaluation, const struct restriction *restriction)
{
    return non_fqdn_address(evaluation, evaluation->facts->sender, SUBJECT_SENDER);
}

enum decision decide_name_non_fqdn_recipient(struct evaluation *evaluation, const struct restriction *restriction)
{
    return non_fqdn_address(evaluation, evaluation->facts->recipient, SUBJECT_RECIPIENT);
}

/* Domains that we take mail for are not looked up: that our own DNS is down is no reason to refuse. */
static bool is_our_business(struct evaluation *evaluation, enum subject_class class, bool *failed)
{
    const struct route *route = evaluation_route(evaluation, class);

    *failed = route == NULL;
    return route != NULL && route->class != ROUTE_OTHER;
}

static enum decision unknown_domain(struct evaluation *evaluation, const char *address, enum subject_class class)
{
    static const enum dns_type types[] = { DNS_MX, DNS_A, DNS_AAAA };
    const struct config *config = evaluation->policy->config;
    const char *domain = domain_of(evaluation, address);
    struct subject subject = { class, address };
    bool is_sender = class == SUBJECT_SENDER;
    bool failed;

    if (domain == NULL || domain[0] == '[')
        return DECISION_DUNNO;
    if (is_our_business(evaluation, class, &failed))
        return DECISION_DUNNO;
    if (failed)
        return evaluation_route_failure(evaluation, class);
    const char *status = is_sender ? "4.1.8" : "4.1.2";
    switch (exists(evaluation, domain, types, 3)) {
    case DNS_FOUND:
        return DECISION_DUNNO;
    case DNS_NULL_MX:
        return evaluation_reject(evaluation, is_sender ? 550 : 556, is_sender ? "5.7.27" : "5.1.10", &subject,
            arena_printf(evaluation->arena, "Domain %s does not accept mail (nullMX)", domain));
    case DNS_TRY_AGAIN:
        return temporary_failure(evaluation, config->unknown_address_tempfail_action, &subject, status,
            "Domain not found");
    case DNS_NO_NAME:
    case DNS_NO_DATA:
    case DNS_INVALID:
    case DNS_UNRECOVERABLE:
        break;
    }
    return evaluation_reject(evaluation, (int)config->unknown_address_reject_code, status, &subject, "Domain not found");
}

enum decision decide_name_unknown_sender(struct evaluation *evaluation, const struct restriction *restriction)
{
    return unknown_domain(evaluation, evaluation->facts->sender, SUBJECT_SENDER);
}

enum decision decide_name_unknown_recipient(struct evaluation *evaluation, const struct restriction *restriction)
{
    return unknown_domain(evaluation, evaluation->facts->recipient, SUBJECT_RECIPIENT);
}
