#include "smtpd/policy/decide_access.h"

#include <netdb.h>
#include <string.h>

#include "smtpd/policy/access_action.h"
#include "smtpd/policy/access_key.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/address.h"
#include "util/net/dns.h"
#include "util/table/dns_filter.h"

/* A table, what the reply is about, and whether some key was found. */
struct search {
    struct evaluation *evaluation;
    struct table *table;
    struct subject subject;
    bool found;
};

/* Looks one key up and does what the entry says. */
static enum decision try_key(struct search *search, const char *key)
{
    struct str value = {0};
    enum decision decision = DECISION_DUNNO;

    switch (table_find(search->table, key, &value)) {
    case TABLE_FOUND:
        search->found = true;
        if (value.length == 0) {
            log_warning("%s lookup of %s returns an empty string result", table_name(search->table), key);
            log_warning("%s should return NO RESULT in case of NOT FOUND", table_name(search->table));
            decision = access_action_fail(search->evaluation, &search->subject);
            break;
        }
        decision = access_action_apply(search->evaluation, table_name(search->table), key,
            arena_copy_text(search->evaluation->arena, str_text(&value)), &search->subject);
        break;
    case TABLE_FAILED:
        log_warning("%s lookup error for \"%s\"", table_name(search->table), key);
        search->found = true; /* nothing weaker may decide in its stead */
        decision = access_action_fail(search->evaluation, &search->subject);
        break;
    case TABLE_ABSENT:
        break;
    }
    str_free(&value);
    return decision;
}

/* example.com, then its parents: "com" or ".com" as parent_domain_matches_subdomains has it. */
static enum decision try_domain(struct search *search, const char *domain)
{
    bool whole_only = !table_is_fixed(search->table);
    bool parents = search->evaluation->policy->parent_matches;

    for (const char *name = domain; *name != '\0';) {
        enum decision decision = try_key(search, name);
        if (search->found || whole_only)
            return decision;
        const char *dot = strchr(name + 1, '.');
        if (dot == NULL)
            break;
        name = parents ? dot + 1 : dot;
    }
    return DECISION_DUNNO;
}

/* 192.0.2.1, then 192.0.2, 192.0, 192; likewise with the colons of IPv6. */
static enum decision try_address(struct search *search, const char *address)
{
    char *key = arena_copy_text(search->evaluation->arena, address);
    char separator = strchr(address, ':') != NULL ? ':' : '.';

    for (;;) {
        enum decision decision = try_key(search, key);
        if (search->found || !table_is_fixed(search->table))
            return decision;
        char *end = strrchr(key, separator);
        if (end == NULL)
            return DECISION_DUNNO;
        while (end > key && end[-1] == separator) /* "2001:db8::" becomes "2001:db8" */
            end--;
        *end = '\0';
        if (*key == '\0')
            return DECISION_DUNNO;
    }
}

static enum decision try_host(struct search *search, const char *name, const char *address)
{
    enum decision decision = try_domain(search, name);

    return search->found ? decision : try_address(search, address);
}

/* user+extension@domain, user@domain, the domain and its parents, user+extension@, user@. */
static enum decision try_mail_address(struct search *search, const char *address)
{
    struct evaluation *evaluation = search->evaluation;
    const struct config *config = evaluation->policy->config;

    enum decision decision = try_key(search, address);
    if (search->found || !table_is_fixed(search->table))
        return decision;
    const char *domain = address_domain(address);
    size_t local = address_local_length(address);
    size_t user = *config->recipient_delimiter == '\0'
                      ? local
                      : address_user_length(address, local, config->recipient_delimiter, config->owner_request_special);
    if (user < local && domain != NULL) {
        decision = try_key(search, arena_printf(evaluation->arena, "%.*s@%s", (int)user, address, domain));
        if (search->found)
            return decision;
    }
    if (domain != NULL && *domain != '\0') {
        decision = try_domain(search, domain);
        if (search->found)
            return decision;
    }
    decision = try_key(search, arena_printf(evaluation->arena, "%.*s@", (int)local, address));
    if (search->found || user == local)
        return decision;
    return try_key(search, arena_printf(evaluation->arena, "%.*s@", (int)user, address));
}

/* type: whose addresses are wanted, for the log; those of a name itself may be missing. */
static enum decision try_addresses_of(struct search *search, const char *host, enum dns_type type)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *list = NULL;
    enum decision decision = DECISION_DUNNO;

    int error = getaddrinfo(host, NULL, &hints, &list);
    if (error != 0) {
        if (type != DNS_A)
            log_warning("Unable to look up %s host %s for %s %s: %s", dns_type_name(type), host,
                evaluation_class_name(search->subject.class), search->subject.name, gai_strerror(error));
        return DECISION_DUNNO;
    }
    for (const struct addrinfo *info = list; info != NULL && !search->found; info = info->ai_next) {
        char text[NI_MAXHOST];
        if (getnameinfo(info->ai_addr, info->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST) == 0)
            decision = try_address(search, text);
    }
    freeaddrinfo(list);
    return decision;
}

/* The name servers of the domain, or of the nearest parent that has any. */
static enum dns_outcome find_name_servers(struct search *search, const char *domain, struct dns_answer *answer)
{
    enum dns_outcome outcome = DNS_NO_NAME;

    while (domain != NULL && *domain != '\0') {
        outcome = evaluation_ask_dns(search->evaluation, domain, DNS_NS, answer);
        if (outcome == DNS_FOUND || outcome == DNS_TRY_AGAIN)
            break;
        domain = strchr(domain, '.');
        if (domain != NULL)
            domain++;
    }
    return outcome;
}

/* "... type=NS: Host not found": what stands behind the type. */
static const char *short_reason(const struct dns_answer *answer)
{
    const char *text = answer->text;
    const char *type = strstr(text, " type=");
    const char *colon = type == NULL ? NULL : strstr(type, ": ");

    if (dns_filter_hides_all(answer))
        return "DNS reply filter policy";
    return colon == NULL ? text : colon + 2;
}

/* The hosts that serve a domain: its mail exchangers (or itself), its name servers, or its own addresses. */
static enum decision try_servers(struct search *search, const char *domain, enum dns_type type)
{
    struct dns_answer answer;

    if (domain == NULL || *domain == '\0')
        return DECISION_DUNNO;
    if (*domain == '[') {
        if (type == DNS_NS)
            return DECISION_DUNNO;
        size_t length = strlen(domain);
        const char *inside = arena_copy_bytes(search->evaluation->arena, domain + 1, length > 2 ? length - 2 : 0);
        return try_address(search, text_starts_with_nocase(inside, "IPv6:") ? inside + strlen("IPv6:") : inside);
    }
    if (type == DNS_A)
        return try_addresses_of(search, domain, DNS_A);
    enum dns_outcome outcome = type == DNS_NS ? find_name_servers(search, domain, &answer)
                                              : evaluation_ask_dns(search->evaluation, domain, type, &answer);
    if (outcome == DNS_NULL_MX)
        return DECISION_DUNNO;
    if (outcome != DNS_FOUND && type == DNS_MX && dns_is_absent(outcome)) {
        enum decision own = try_domain(search, domain);
        return search->found ? own : try_addresses_of(search, domain, DNS_MX);
    }
    if (outcome != DNS_FOUND) {
        log_warning("Unable to look up %s host for %s: %s", dns_type_name(type),
            outcome == DNS_TRY_AGAIN ? domain : search->subject.name, short_reason(&answer));
        return DECISION_DUNNO;
    }
    for (size_t i = 0; i < answer.count; i++) {
        enum decision decision = try_domain(search, answer.records[i].name);
        if (!search->found)
            decision = try_addresses_of(search, answer.records[i].name, type);
        if (search->found)
            return decision;
    }
    return DECISION_DUNNO;
}

/* Who runs the servers could permit himself anything: he chooses their names and addresses. */
static enum decision forbid_ok(struct search *search, const struct restriction *restriction, enum decision decision)
{
    if (decision != DECISION_PERMIT || search->evaluation->discarded)
        return decision;
    log_warning("restriction %s returns OK for %s", restriction->name, search->subject.name);
    log_warning("this is not allowed for security reasons");
    log_warning("use DUNNO instead of OK if you want to make an exception");
    return evaluation_server_error(search->evaluation);
}

static struct search search_for(struct evaluation *evaluation, const struct restriction *restriction,
    enum subject_class class, const char *name)
{
    return (struct search){ .evaluation = evaluation, .table = restriction->table, .subject = { class, name } };
}

/* --- the client --- */

enum decision decide_access_client(struct evaluation *evaluation, const struct restriction *restriction)
{
    const struct client_name *client = evaluation->facts->client;
    struct search search =
        search_for(evaluation, restriction, SUBJECT_CLIENT, evaluation_client_subject(evaluation).name);

    return try_host(&search, client->name, client->address);
}

enum decision decide_access_reverse(struct evaluation *evaluation, const struct restriction *restriction)
{
    const struct client_name *client = evaluation->facts->client;
    struct search search = search_for(evaluation, restriction, SUBJECT_REVERSE_CLIENT, client->reverse_name);

    return try_host(&search, client->reverse_name, client->address);
}

static enum decision client_servers(struct evaluation *evaluation, const struct restriction *restriction,
    const char *name, enum subject_class class, enum dns_type type)
{
    struct search search = search_for(evaluation, restriction, class,
        class == SUBJECT_CLIENT ? evaluation_client_subject(evaluation).name : name);

    if (text_equal(name, CLIENT_NAME_UNKNOWN))
        return DECISION_DUNNO;
    return forbid_ok(&search, restriction, try_servers(&search, name, type));
}

#define CLIENT_SERVERS(name, member, class, type)                                                               \
    enum decision decide_access_##name(struct evaluation *evaluation, const struct restriction *restriction)    \
    {                                                                                                           \
        return client_servers(evaluation, restriction, evaluation->facts->client->member, class, type);         \
    }
CLIENT_SERVERS(client_a, name, SUBJECT_CLIENT, DNS_A)
CLIENT_SERVERS(client_mx, name, SUBJECT_CLIENT, DNS_MX)
CLIENT_SERVERS(client_ns, name, SUBJECT_CLIENT, DNS_NS)
CLIENT_SERVERS(reverse_a, reverse_name, SUBJECT_REVERSE_CLIENT, DNS_A)
CLIENT_SERVERS(reverse_mx, reverse_name, SUBJECT_REVERSE_CLIENT, DNS_MX)
CLIENT_SERVERS(reverse_ns, reverse_name, SUBJECT_REVERSE_CLIENT, DNS_NS)

/* --- the client's certificate --- */

enum decision decide_access_certificate(struct evaluation *evaluation, const struct restriction *restriction)
{
    const struct tls_facts *tls = evaluation->facts->tls;

    if (!evaluation->policy->config->smtpd_tls_ask_ccert)
        log_warning("%s is requested, but \"smtpd_tls_ask_ccert = no\"", restriction->name);
    if (tls == NULL || !tls->has_certificate)
        return DECISION_DUNNO;
    struct search search = search_for(evaluation, restriction, SUBJECT_CERTIFICATE, tls->subject);
    const char *order = restriction->search_order == NULL ? "cert_fingerprint pubkey_fingerprint" : restriction->search_order;
    enum decision decision = DECISION_DUNNO;
    const char *word;
    size_t length;
    while (!search.found && text_next_word(&order, TEXT_LIST_SEPARATORS, &word, &length))
        decision = try_key(&search, text_lower_char(*word) == 'c' ? tls->fingerprint : tls->key_fingerprint);
    return decision;
}

/* --- HELO and ETRN --- */

enum decision decide_access_helo(struct evaluation *evaluation, const struct restriction *restriction)
{
    const char *helo = evaluation->facts->helo;

    if (helo == NULL)
        return DECISION_DUNNO;
    struct search search = search_for(evaluation, restriction, SUBJECT_HELO, helo);
    return try_domain(&search, helo);
}

enum decision decide_access_etrn(struct evaluation *evaluation, const struct restriction *restriction)
{
    const char *domain = evaluation->facts->etrn_domain;

    if (domain == NULL)
        return DECISION_DUNNO;
    struct search search = search_for(evaluation, restriction, SUBJECT_ETRN, domain);
    return try_domain(&search, domain);
}

static enum decision helo_servers(struct evaluation *evaluation, const struct restriction *restriction,
    enum dns_type type)
{
    const char *helo = evaluation->facts->helo;

    if (helo == NULL)
        return DECISION_DUNNO;
    struct search search = search_for(evaluation, restriction, SUBJECT_HELO, helo);
    return forbid_ok(&search, restriction, try_servers(&search, helo, type));
}

enum decision decide_access_helo_a(struct evaluation *evaluation, const struct restriction *restriction)
{
    return helo_servers(evaluation, restriction, DNS_A);
}

enum decision decide_access_helo_mx(struct evaluation *evaluation, const struct restriction *restriction)
{
    return helo_servers(evaluation, restriction, DNS_MX);
}

enum decision decide_access_helo_ns(struct evaluation *evaluation, const struct restriction *restriction)
{
    return helo_servers(evaluation, restriction, DNS_NS);
}

enum decision decide_access_login(struct evaluation *evaluation, const struct restriction *restriction)
{
    const char *user = evaluation->facts->sasl_user;

    if (user == NULL)
        return DECISION_DUNNO;
    struct search search = search_for(evaluation, restriction, SUBJECT_LOGIN, user);
    return try_key(&search, user);
}

/* --- sender and recipient --- */

static enum decision check_mail(struct evaluation *evaluation, const struct restriction *restriction,
    enum subject_class class, const char *address)
{
    if (address == NULL)
        return DECISION_DUNNO;
    struct search search = search_for(evaluation, restriction, class, address);
    if (*address == '\0')
        return try_key(&search, evaluation->policy->config->smtpd_null_access_lookup_key);
    const struct route *route = evaluation_route(evaluation, class);
    return route == NULL ? evaluation_route_failure(evaluation, class)
                         : try_mail_address(&search, access_key_address(evaluation->policy->config, route, evaluation->arena));
}

enum decision decide_access_sender(struct evaluation *evaluation, const struct restriction *restriction)
{
    return check_mail(evaluation, restriction, SUBJECT_SENDER, evaluation->facts->sender);
}

enum decision decide_access_recipient(struct evaluation *evaluation, const struct restriction *restriction)
{
    return check_mail(evaluation, restriction, SUBJECT_RECIPIENT, evaluation->facts->recipient);
}

static enum decision mail_servers(struct evaluation *evaluation, const struct restriction *restriction,
    enum subject_class class, const char *address, enum dns_type type)
{
    if (address == NULL || *address == '\0')
        return DECISION_DUNNO;
    struct search search = search_for(evaluation, restriction, class, address);
    const char *domain = address_domain(address);
    return forbid_ok(&search, restriction, try_servers(&search, domain == NULL ? address : domain, type));
}

#define MAIL_SERVERS(name, class, member, type)                                                                 \
    enum decision decide_access_##name(struct evaluation *evaluation, const struct restriction *restriction)    \
    {                                                                                                           \
        return mail_servers(evaluation, restriction, class, evaluation->facts->member, type);                   \
    }
MAIL_SERVERS(sender_a, SUBJECT_SENDER, sender, DNS_A)
MAIL_SERVERS(sender_mx, SUBJECT_SENDER, sender, DNS_MX)
MAIL_SERVERS(sender_ns, SUBJECT_SENDER, sender, DNS_NS)
MAIL_SERVERS(recipient_a, SUBJECT_RECIPIENT, recipient, DNS_A)
MAIL_SERVERS(recipient_mx, SUBJECT_RECIPIENT, recipient, DNS_MX)
MAIL_SERVERS(recipient_ns, SUBJECT_RECIPIENT, recipient, DNS_NS)
