#include "qmgr/route/own_domain.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "util/base/memory.h"
#include "util/base/text.h"
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

enum route_result own_domain_classify(struct own_domain *domains, const char *domain, enum route_class *class,
    const char **reason)
{
    bool is_local;
    enum route_result result = own_domain_is_local(domains, domain, &is_local, reason);

    *class = ROUTE_LOCAL;
    if (result == ROUTE_DEFER)
        return result;
    const char *unused;
    bool is_alias = listed(domains->virtual_alias, "virtual_alias_domains", domain, &result,
        is_local ? &unused : reason);
    if (is_local && is_alias)
        log_warning("do not list domain %s in BOTH mydestination and virtual_alias_domains", domain);
    if (is_local || result == ROUTE_DEFER)
        return result;
    *class = ROUTE_VIRTUAL_ALIAS;
    bool is_mailbox =
        listed(domains->virtual_mailbox, "virtual_mailbox_domains", domain, &result, is_alias ? &unused : reason);
    if (is_alias && is_mailbox)
        log_warning("do not list domain %s in BOTH virtual_alias_domains and virtual_mailbox_domains", domain);
    if (is_alias || result == ROUTE_DEFER)
        return result;
    *class = is_mailbox ? ROUTE_VIRTUAL_MAILBOX
        : listed(domains->relay, "relay_domains", domain, &result, reason) ? ROUTE_RELAY : ROUTE_OTHER;
    return result;
}
