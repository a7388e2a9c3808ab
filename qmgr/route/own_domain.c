#include "qmgr/route/own_domain.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "util/base/memory.h"
#include "util/log/log.h"
#include "util/net/host_name.h"
#include "util/net/own_address.h"
#include "util/table/match_list.h"

struct own_domain {
    struct own_address *addresses;
    struct match_list *local;
    struct match_list *virtual_alias;
    struct match_list *virtual_mailbox;
    struct match_list *relay;
    bool is_helpful; /* helpful_warnings */
};

struct own_domain *own_domain_open(const struct config *config)
{
    struct own_domain *domains = memory_new(struct own_domain);

    domains->addresses =
        own_address_open(config->inet_interfaces, config->inet_protocols, config->proxy_interfaces);
    domains->local = match_list_open(config, "mydestination", config->mydestination);
    domains->virtual_alias = match_list_open(config, "virtual_alias_domains", config->virtual_alias_domains);
    domains->virtual_mailbox =
        match_list_open(config, "virtual_mailbox_domains", config->virtual_mailbox_domains);
    domains->relay = match_list_open(config, "relay_domains", config->relay_domains);
    domains->is_helpful = config->helpful_warnings;
    return domains;
}

void own_domain_close(struct own_domain *domains)
{
    if (domains == NULL)
        return;
    own_address_close(domains->addresses);
    match_list_close(domains->local);
    match_list_close(domains->virtual_alias);
    match_list_close(domains->virtual_mailbox);
    match_list_close(domains->relay);
    free(domains);
}

bool own_domain_may_wait(const struct own_domain *domains)
{
    return match_list_may_wait(domains->local) || match_list_may_wait(domains->virtual_alias)
        || match_list_may_wait(domains->virtual_mailbox) || match_list_may_wait(domains->relay);
}

bool own_domain_has_changed(struct own_domain *domains)
{
    return match_list_has_changed(domains->local) || match_list_has_changed(domains->virtual_alias)
        || match_list_has_changed(domains->virtual_mailbox) || match_list_has_changed(domains->relay);
}

/* Whether the list has the domain; a failed look-up is told in *result. */
static bool listed(struct match_list *list, const char *title, const char *domain, enum route_result *result,
    const char **reason)
{
    enum table_result found = match_list_domain(list, domain, NULL);

    if (found == TABLE_FAILED)
        *result = ROUTE_DEFER;
    if (found != TABLE_ABSENT)
        *reason = title;
    return found == TABLE_FOUND;
}

enum route_result own_domain_is_local(struct own_domain *domains, const char *domain, bool *is_local,
    const char **reason)
{
    enum route_result result = ROUTE_FOUND;
    char address[INET6_ADDRSTRLEN];

    *is_local = listed(domains->local, "mydestination", domain, &result, reason);
    if (!*is_local && host_name_take_literal(domain, HOST_NAME_SILENT, address, sizeof(address))
        && own_address_has_text(domains->addresses, address)) {
        *reason = "inet_interfaces";
        *is_local = true;
    }
    return result;
}

static void warn_of_both(const char *domain, const char *first, const char *second)
{
    const char *previous = log_set_service("trivial-rewrite"); /* whose complaint it is, as log readers know it */

    log_warning("do not list domain %s in BOTH %s and %s", domain, first, second);
    log_set_service(previous);
}

/* A list that comes too late for the domain. What can't be looked up in it doesn't matter. */
static void look_in_vain(const struct own_domain *domains, const char *first, struct match_list *list, const char *second,
    const char *domain)
{
    if (domains->is_helpful && match_list_domain(list, domain, NULL) == TABLE_FOUND)
        warn_of_both(domain, first, second);
}

enum route_result own_domain_classify(struct own_domain *domains, const char *domain, enum route_class *class,
    const char **reason)
{
    bool is_local;
    enum route_result result = own_domain_is_local(domains, domain, &is_local, reason);

    *class = ROUTE_LOCAL;
    if (result == ROUTE_DEFER)
        return result;
    if (is_local) {
        look_in_vain(domains, "mydestination", domains->virtual_alias, "virtual_alias_domains", domain);
        look_in_vain(domains, "mydestination", domains->virtual_mailbox, "virtual_mailbox_domains", domain);
        return result;
    }
    *class = ROUTE_VIRTUAL_ALIAS;
    bool is_found = listed(domains->virtual_alias, "virtual_alias_domains", domain, &result, reason);
    if (is_found) {
        look_in_vain(domains, "virtual_alias_domains", domains->virtual_mailbox, "virtual_mailbox_domains", domain);
        look_in_vain(domains, "virtual_alias_domains", domains->relay, "relay_domains", domain);
    }
    if (is_found || result == ROUTE_DEFER)
        return result;
    *class = ROUTE_VIRTUAL_MAILBOX;
    is_found = listed(domains->virtual_mailbox, "virtual_mailbox_domains", domain, &result, reason);
    if (is_found)
        look_in_vain(domains, "virtual_mailbox_domains", domains->relay, "relay_domains", domain);
    if (is_found || result == ROUTE_DEFER)
        return result;
    *class = listed(domains->relay, "relay_domains", domain, &result, reason) ? ROUTE_RELAY : ROUTE_OTHER;
    return result;
}
