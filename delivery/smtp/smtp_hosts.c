#include "delivery/smtp/smtp_hosts.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "delivery/smtp/smtp_srv.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/net/dns.h"
#include "util/net/host_name.h"
#include "util/net/idn.h"

enum { HOSTS_MAX = 1000, SMTP_PORT = 25 }; /* addresses of one destination; what comes beyond is left out */

/* One look-up under way. */
struct search {
    const struct smtp_hosts_settings *settings;
    struct smtp_hosts *hosts;
    struct arena *arena;
    unsigned port;      /* of the hosts that are added */
    unsigned rank;
};

void smtp_hosts_settings_init(struct smtp_hosts_settings *settings, const struct config *config,
    const struct own_address *own, const struct smtp_dns *dns)
{
    const char *level = config->smtp_dns_support_level;
    bool dns_off = *level == '\0' ? config->disable_dns_lookups : text_equal(level, "disabled");
    const char *protocols = config->inet_protocols;
    bool all = text_list_has(protocols, "all") || text_list_has(protocols, "any");

    *settings = (struct smtp_hosts_settings){
        .config = config,
        .own = own,
        .dns = dns,
        .use_dns = !dns_off && text_list_has(config->smtp_host_lookup, "dns"),
        .use_native = dns_off || text_list_has(config->smtp_host_lookup, "native"),
        .use_ipv4 = all || text_list_has(protocols, "ipv4"),
        .use_ipv6 = all || text_list_has(protocols, "ipv6"),
    };
}

static void add_host(struct search *search, const char *name, unsigned preference, const struct sockaddr *address,
    socklen_t length)
{
    struct smtp_hosts *hosts = search->hosts;
    char text[INET6_ADDRSTRLEN] = "";

    if (hosts->count == HOSTS_MAX || length > sizeof(struct sockaddr_storage))
        return;
    if ((hosts->count & (hosts->count - 1)) == 0) { /* grows at powers of two */
        struct smtp_host *bigger = arena_allocate(search->arena, (hosts->count == 0 ? 1 : hosts->count * 2) * sizeof(*bigger));
        if (hosts->count > 0)
            memcpy(bigger, hosts->list, hosts->count * sizeof(*bigger));
        hosts->list = bigger;
    }
    struct smtp_host *host = &hosts->list[hosts->count++];
    *host = (struct smtp_host){ .name = name, .address_length = length, .port = search->port, .preference = preference,
        .rank = search->rank };
    memcpy(&host->address, address, length);
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&host->address;
        v6->sin6_port = htons((uint16_t)search->port);
        (void)inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text)); /* can't fail: known family, room enough */
    } else {
        struct sockaddr_in *v4 = (struct sockaddr_in *)&host->address;
        v4->sin_port = htons((uint16_t)search->port);
        (void)inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text)); /* likewise */
    }
    host->address_text = arena_copy_text(search->arena, text);
}

/* A definite failure after a temporary one leaves the whole temporary. */
static void note_failure(struct search *search, const char *status, const char *why)
{
    struct smtp_hosts *hosts = search->hosts;
    bool was_temporary = hosts->code != 0 && hosts->code < 500;

    hosts->why = why;
    hosts->code = status[0] == '4' || was_temporary ? 450 : 550;
    hosts->status = status[0] != '4' && was_temporary ? "4.4.4" : status;
}

/* --- one host's addresses --- */

static bool add_literal(struct search *search, const char *host, unsigned preference)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    const char *scope = strchr(host, '%');
    bool known = true;

    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        if (search->settings->use_ipv4)
            add_host(search, host, preference, (const struct sockaddr *)&v4, sizeof(v4));
    } else if (scope == NULL && inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
        if (search->settings->use_ipv6)
            add_host(search, host, preference, (const struct sockaddr *)&v6, sizeof(v6));
    } else {
        known = false;
    }
    if (known && search->hosts->count == 0)
        note_failure(search, "5.4.4", arena_printf(search->arena, "Name service error for %s: invalid host or domain name", host));
    return known;
}

static bool add_dns(struct search *search, const char *host, enum dns_type type, unsigned preference, bool *stop)
{
    struct dns_answer answer;
    struct sockaddr_storage address;
    const char *name = host;

    if (smtp_dns_lookup(search->settings->dns, host, type, search->arena, &answer) != DNS_FOUND) {
        *stop = answer.outcome == DNS_INVALID;
        note_failure(search, answer.status, answer.text);
        return false;
    }
    if (search->settings->config->smtp_cname_overrides_servername || answer.secure)
        name = answer.name;
    for (size_t i = 0; i < answer.count; i++) {
        socklen_t length = dns_record_address(&answer.records[i], (uint16_t)search->port, &address);
        add_host(search, name, preference, (const struct sockaddr *)&address, length);
    }
    return true;
}

static bool add_native(struct search *search, const char *host, unsigned preference)
{
    const struct smtp_hosts_settings *settings = search->settings;
    struct addrinfo hints = {
        .ai_family = !settings->use_ipv6 ? AF_INET : !settings->use_ipv4 ? AF_INET6 : AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
    };
    struct addrinfo *found = NULL;
    int error = getaddrinfo(host, NULL, &hints, &found);

    if (error != 0) {
        note_failure(search, error == EAI_AGAIN ? "4.4.3" : "5.4.4",
            arena_printf(search->arena, "unable to look up host %s: %s", host, gai_strerror(error)));
        return false;
    }
    for (const struct addrinfo *at = found; at != NULL; at = at->ai_next) {
        if (at->ai_family == AF_INET || at->ai_family == AF_INET6)
            add_host(search, host, preference, at->ai_addr, at->ai_addrlen);
    }
    freeaddrinfo(found);
    return true;
}

static void add_addresses(struct search *search, const char *host, unsigned preference)
{
    const struct smtp_hosts_settings *settings = search->settings;
    bool found = false;
    bool stop = false;

    if (add_literal(search, host, preference))
        return;
    if (settings->use_dns && settings->use_ipv4)
        found = add_dns(search, host, DNS_A, preference, &stop);
    if (settings->use_dns && settings->use_ipv6 && !stop)
        found = add_dns(search, host, DNS_AAAA, preference, &stop) || found;
    if (!found && settings->use_native && !(settings->use_dns && search->hosts->code == 450))
        (void)add_native(search, host, preference); /* the failure is noted */
}

/* --- order --- */

static int compare(const struct smtp_host *left, const struct smtp_host *right, int family)
{
    if (left->preference != right->preference)
        return left->preference < right->preference ? -1 : 1;
    if (left->rank != right->rank)
        return left->rank < right->rank ? -1 : 1;
    bool left_wanted = left->address.ss_family == family;
    bool right_wanted = right->address.ss_family == family;
    return left_wanted == right_wanted ? 0 : left_wanted ? -1 : 1;
}

/* Insertion: stable, and the lists are short. */
void smtp_hosts_sort(struct smtp_host *list, size_t count, int family)
{
    for (size_t i = 1; i < count; i++) {
        struct smtp_host moving = list[i];
        size_t at = i;
        for (; at > 0 && compare(&list[at - 1], &moving, family) > 0; at--)
            list[at] = list[at - 1];
        list[at] = moving;
    }
}

static void shuffle(struct smtp_host *list, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = arc4random_uniform((uint32_t)i);
        struct smtp_host moving = list[i - 1];
        list[i - 1] = list[other];
        list[other] = moving;
    }
}

static size_t count_family(const struct smtp_host *list, size_t count, int family)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++)
        found += list[i].address.ss_family == family;
    return found;
}

size_t smtp_hosts_limit(struct smtp_host *list, size_t count, size_t limit, bool balance)
{
    if (limit == 0 || count <= limit)
        return count;
    size_t ipv6 = count_family(list, count, AF_INET6);
    size_t ipv4 = count - ipv6;
    if (!balance || limit < 2 || ipv4 == 0 || ipv6 == 0)
        return limit;
    size_t half = limit / 2;
    size_t keep_6 = ipv6 <= half ? ipv6 : ipv4 <= half ? limit - ipv4 : limit - half;
    size_t keep_4 = limit - keep_6;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        size_t *left = list[i].address.ss_family == AF_INET6 ? &keep_6 : &keep_4;
        if (*left > 0) {
            --*left;
            list[kept++] = list[i];
        }
    }
    return kept;
}

size_t smtp_hosts_keep_better(struct smtp_host *list, size_t count, unsigned preference)
{
    size_t kept = 0;

    while (kept < count && list[kept].preference < preference)
        kept++;
    return kept;
}

/* --- destinations --- */

/* Our own place in the list: hosts that aren't better than we would only send the mail back. */
static void drop_from_self(struct search *search, const char *host)
{
    struct smtp_hosts *hosts = search->hosts;

    for (size_t i = 0; i < hosts->count; i++) {
        if (hosts->list[i].port != SMTP_PORT
            || !own_address_has(search->settings->own, (const struct sockaddr *)&hosts->list[i].address))
            continue;
        hosts->we_are_listed = true;
        hosts->count = smtp_hosts_keep_better(hosts->list, hosts->count, hosts->list[i].preference);
        break;
    }
    if (hosts->we_are_listed && hosts->count == 0) {
        hosts->loops = true;
        hosts->code = 550;
        hosts->status = "5.4.6";
        hosts->why = arena_printf(search->arena, "mail for %s loops back to myself", host);
    }
}

static void order_hosts(struct search *search, const char *host, bool detect_loops)
{
    const struct config *config = search->settings->config;
    struct smtp_hosts *hosts = search->hosts;
    const char *preferred = config->smtp_address_preference;
    int family = text_equal(preferred, "ipv4") ? AF_INET : text_equal(preferred, "ipv6") ? AF_INET6 : AF_UNSPEC;

    if (config->smtp_randomize_addresses)
        shuffle(hosts->list, hosts->count);
    smtp_hosts_sort(hosts->list, hosts->count, family);
    if (detect_loops)
        drop_from_self(search, host);
    hosts->count = smtp_hosts_limit(hosts->list, hosts->count, (size_t)config->smtp_mx_address_limit,
        config->smtp_balance_inet_protocols);
}

/* The records were found, but no address of a host that they name. */
static void settle_no_address(struct search *search, enum dns_type type, const char *domain)
{
    struct smtp_hosts *hosts = search->hosts;

    if (hosts->count > 0)
        return;
    log_warning("no %s host for %s has a valid address record", dns_type_name(type), domain);
    if (hosts->code >= 500 && search->settings->config->smtp_defer_if_no_mx_address_found) {
        hosts->code = 450;
        hosts->status = "4.4.4";
    }
}

static void add_mx_hosts(struct search *search, const char *domain, const struct dns_answer *answer)
{
    for (size_t i = 0; i < answer->count; i++)
        add_addresses(search, answer->records[i].name, answer->records[i].preference);
    settle_no_address(search, DNS_MX, domain);
}

/* "." among the records: takes no mail, whatever the others say. */
static bool has_null_mx(const struct dns_answer *answer)
{
    for (size_t i = 0; i < answer->count; i++) {
        if (answer->records[i].name[0] == '\0')
            return true;
    }
    return answer->outcome == DNS_NULL_MX;
}

static void refuse_null_mx(struct search *search, const char *domain)
{
    search->hosts->code = 550;
    search->hosts->status = "5.1.0";
    search->hosts->why = arena_printf(search->arena, "Domain %s does not accept mail (nullMX)", domain);
}

static void find_domain(struct search *search, const char *domain)
{
    struct dns_answer answer;

    switch (smtp_dns_lookup(search->settings->dns, domain, DNS_MX, search->arena, &answer)) {
    case DNS_FOUND:
    case DNS_NULL_MX:
        if (has_null_mx(&answer))
            refuse_null_mx(search, domain);
        else
            add_mx_hosts(search, domain, &answer);
        return;
    case DNS_INVALID:
        note_failure(search, answer.status, answer.text);
        return;
    case DNS_TRY_AGAIN:
    case DNS_UNRECOVERABLE:
        if (!search->settings->config->ignore_mx_lookup_error) {
            note_failure(search, answer.status, answer.text);
            return;
        }
        break;
    case DNS_NO_NAME:
    case DNS_NO_DATA:
        break;
    }
    add_addresses(search, domain, 0);
}

static void add_srv_hosts(struct search *search, const char *domain, const char *name, struct dns_answer *answer)
{
    unsigned port = search->port;

    answer->count = smtp_srv_drop_null(answer->records, answer->count);
    if (answer->count == 0) {
        search->hosts->code = 550;
        search->hosts->status = "5.1.0";
        search->hosts->why = arena_printf(search->arena, "Domain %s does not offer this service (%s has no target)", domain, name);
        return;
    }
    smtp_srv_order(answer->records, answer->count, arc4random_uniform);
    for (size_t i = 0; i < answer->count; i++) {
        search->port = answer->records[i].port;
        search->rank = (unsigned)i;
        add_addresses(search, answer->records[i].name, answer->records[i].preference);
    }
    search->port = port;
    search->rank = 0;
    settle_no_address(search, DNS_SRV, name);
}

/* False: MX or address records decide. */
static bool find_service(struct search *search, const char *domain, const char *service)
{
    const struct config *config = search->settings->config;
    const char *name = smtp_srv_name(service, domain, search->arena);
    bool fall_back = false;
    struct dns_answer answer;

    switch (smtp_dns_lookup(search->settings->dns, name, DNS_SRV, search->arena, &answer)) {
    case DNS_FOUND:
    case DNS_NULL_MX:
        add_srv_hosts(search, domain, name, &answer);
        return true;
    case DNS_NO_NAME:
    case DNS_NO_DATA:
        fall_back = config->allow_srv_lookup_fallback;
        break;
    case DNS_TRY_AGAIN:
    case DNS_UNRECOVERABLE:
    case DNS_INVALID:
        fall_back = config->allow_srv_lookup_fallback || config->ignore_srv_lookup_error;
        break;
    }
    if (!fall_back)
        note_failure(search, answer.status, answer.text);
    return !fall_back;
}

bool smtp_hosts_wants_srv(const struct config *config, const char *service)
{
    return *service != '\0' && text_list_has(config->use_srv_lookup, service);
}

void smtp_hosts_find(const struct smtp_hosts_settings *settings, const struct smtp_destination *destination,
    struct arena *arena, struct smtp_hosts *hosts)
{
    struct search search = { .settings = settings, .hosts = hosts, .arena = arena, .port = destination->port };
    const char *host = destination->host;

    *hosts = (struct smtp_hosts){0};
    if (!text_is_ascii(host)) { /* from here on it has the name that DNS knows, in the log as well */
        struct str ascii = {0};
        if (idn_to_ascii(host, &ascii))
            host = arena_copy_text(arena, str_text(&ascii));
        str_free(&ascii);
    }
    bool by_records = settings->use_dns && !host_name_is_address(host, HOST_NAME_SILENT);
    bool settled = destination->service != NULL && by_records && find_service(&search, host, destination->service);
    if (!settled && destination->mx && by_records)
        find_domain(&search, host);
    else if (!settled)
        add_addresses(&search, host, 0);
    if (hosts->count > 0)
        order_hosts(&search, host, destination->detect_loops);
}
