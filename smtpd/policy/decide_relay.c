#include "smtpd/policy/decide_relay.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <string.h>

#include "util/mail/address.h"
#include "util/net/dns.h"
#include "util/net/own_address.h"

/* Whether we take mail for the recipient's domain from anybody. False with *failed: not known now. */
static bool is_authorized(struct evaluation *evaluation, bool *failed)
{
    *failed = false;
    if (evaluation->facts->recipient == NULL)
        return true;
    const struct route *route = evaluation_route(evaluation, SUBJECT_RECIPIENT);
    if (route == NULL) {
        *failed = true;
        return false;
    }
    switch (route->class) {
    case ROUTE_LOCAL:
    case ROUTE_VIRTUAL_ALIAS:
    case ROUTE_VIRTUAL_MAILBOX:
        return true;
    case ROUTE_RELAY: {
        /* A host that we relay to may be tricked into sending on what it finds in the local part. */
        size_t length = address_local_length(route->recipient);
        bool routed = memchr(route->recipient, '@', length) != NULL || memchr(route->recipient, '%', length) != NULL
                      || memchr(route->recipient, '!', length) != NULL;
        return !routed || evaluation->policy->config->allow_untrusted_routing;
    }
    case ROUTE_OTHER:
        break;
    }
    return false;
}

bool decide_relay_is_safe(struct evaluation *evaluation)
{
    bool failed;

    return is_authorized(evaluation, &failed);
}

enum decision decide_relay_permit(struct evaluation *evaluation, const struct restriction *restriction)
{
    bool failed;

    if (evaluation->facts->recipient == NULL)
        return DECISION_DUNNO;
    if (is_authorized(evaluation, &failed))
        return DECISION_PERMIT;
    return failed ? evaluation_route_failure(evaluation, SUBJECT_RECIPIENT) : DECISION_DUNNO;
}

static enum decision denied(struct evaluation *evaluation, int code, const char *status)
{
    return evaluation_reject_text(evaluation, code, status, SUBJECT_RECIPIENT,
        arena_printf(evaluation->arena, "<%s>: Relay access denied", evaluation->facts->recipient));
}

enum decision decide_relay_reject(struct evaluation *evaluation, const struct restriction *restriction)
{
    bool failed;

    if (is_authorized(evaluation, &failed))
        return DECISION_DUNNO;
    if (failed)
        return evaluation_route_failure(evaluation, SUBJECT_RECIPIENT);
    return denied(evaluation, (int)evaluation->policy->config->relay_domains_reject_code, "5.7.1");
}

enum decision decide_relay_defer(struct evaluation *evaluation, const struct restriction *restriction)
{
    bool failed;

    if (is_authorized(evaluation, &failed))
        return DECISION_DUNNO;
    if (failed)
        return evaluation_route_failure(evaluation, SUBJECT_RECIPIENT);
    int code = (int)evaluation->policy->config->relay_domains_reject_code;
    return denied(evaluation, 400 + code % 100, "4.7.1");
}

enum decision decide_relay_check(struct evaluation *evaluation, const struct restriction *restriction)
{
    bool failed;

    if (evaluation->facts->recipient == NULL)
        return DECISION_DUNNO;
    if (is_authorized(evaluation, &failed))
        return DECISION_PERMIT;
    if (failed)
        return evaluation_route_failure(evaluation, SUBJECT_RECIPIENT);
    struct subject subject = { SUBJECT_RECIPIENT, evaluation->facts->recipient };
    return evaluation_reject(evaluation, (int)evaluation->policy->config->relay_domains_reject_code, "5.7.1", &subject,
        "Relay access denied");
}

enum host_kind { HOST_OTHER, HOST_OURS, HOST_IN_BACKUP_NETWORKS, HOST_UNKNOWN };

/* One address of an MX host. */
static enum host_kind judge_address(struct evaluation *evaluation, const struct addrinfo *info)
{
    char text[NI_MAXHOST];

    if (own_address_has(evaluation->policy->own, info->ai_addr))
        return HOST_OURS;
    if (getnameinfo(info->ai_addr, info->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST) == 0
        && match_list_client(evaluation->policy->permit_mx_backup_networks, text, text) == TABLE_FOUND)
        return HOST_IN_BACKUP_NETWORKS;
    return HOST_OTHER;
}

static enum host_kind judge_host(struct evaluation *evaluation, const char *host, const char **why)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *list = NULL;
    enum host_kind kind = HOST_OTHER;

    int error = getaddrinfo(host, NULL, &hints, &list);
    if (error != 0) {
        *why = gai_strerror(error);
        return error == EAI_AGAIN ? HOST_UNKNOWN : HOST_OTHER;
    }
    for (const struct addrinfo *info = list; info != NULL && kind == HOST_OTHER; info = info->ai_next)
        kind = judge_address(evaluation, info);
    freeaddrinfo(list);
    return kind;
}

static enum decision unable(struct evaluation *evaluation, const char *what, const char *why)
{
    struct subject subject = { SUBJECT_RECIPIENT, evaluation->facts->recipient };

    evaluation_defer_if_reject(evaluation, 450, "4.4.4", &subject,
        arena_printf(evaluation->arena, "Unable to look up mail exchanger %s: %s", what, why));
    return DECISION_DUNNO;
}

/* We are an MX host of the domain, and (where permit_mx_backup_networks is set) a preferred one lies in those networks. */
static enum decision judge_exchangers(struct evaluation *evaluation, const struct dns_answer *answer)
{
    uint32_t best = UINT32_MAX;
    bool ours = false;
    bool primary_allowed = match_list_is_empty(evaluation->policy->permit_mx_backup_networks);

    for (size_t i = 0; i < answer->count; i++) {
        if (answer->records[i].preference < best)
            best = answer->records[i].preference;
    }
    for (size_t i = 0; i < answer->count; i++) {
        const char *why = "";
        const struct dns_record *record = &answer->records[i];
        switch (judge_host(evaluation, record->name, &why)) {
        case HOST_UNKNOWN:
            return unable(evaluation, arena_printf(evaluation->arena, "host %s", record->name), why);
        case HOST_OURS:
            ours = true;
            break;
        case HOST_IN_BACKUP_NETWORKS:
            primary_allowed = primary_allowed || record->preference == best;
            break;
        case HOST_OTHER:
            break;
        }
    }
    return ours && primary_allowed ? DECISION_PERMIT : DECISION_DUNNO;
}

enum decision decide_relay_mx_backup(struct evaluation *evaluation, const struct restriction *restriction)
{
    const char *recipient = evaluation->facts->recipient;
    struct dns_answer answer;
    bool failed;

    if (recipient == NULL)
        return DECISION_DUNNO;
    if (is_authorized(evaluation, &failed))
        return DECISION_PERMIT;
    if (failed)
        return evaluation_route_failure(evaluation, SUBJECT_RECIPIENT);
    const struct route *route = evaluation_route(evaluation, SUBJECT_RECIPIENT);
    const char *domain = address_domain(route->recipient);
    if (domain == NULL || *domain == '[' || route->class != ROUTE_OTHER)
        return DECISION_DUNNO;
    switch (evaluation_ask_dns(evaluation, domain, DNS_MX, &answer)) {
    case DNS_FOUND:
        return judge_exchangers(evaluation, &answer);
    case DNS_TRY_AGAIN:
        return unable(evaluation, "information", "Host not found, try again");
    case DNS_NO_NAME:
    case DNS_NO_DATA:
    case DNS_NULL_MX:
    case DNS_INVALID:
    case DNS_UNRECOVERABLE:
        break;
    }
    return DECISION_DUNNO;
}
