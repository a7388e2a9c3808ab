#include "qmgr/route/route.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "qmgr/route/own_domain.h"
#include "qmgr/route/transport_map.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/address.h"
#include "util/mail/address_find.h"
#include "util/mail/rewrite.h"
#include "util/net/host_name.h"

enum { PEEL_MAX = 100 }; /* a%b%c@here: at most so many of our own domains are taken off one address */

struct router {
    const struct config *config;
    struct own_domain *domains;
    struct transport_map *transports;
    struct maps *sender_transports; /* sender_dependent_default_transport_maps */
    struct maps *sender_relayhosts; /* sender_dependent_relayhost_maps */
    struct maps *relocated;
};

struct router *router_open(const struct config *config)
{
    struct router *router = memory_new(struct router);
    unsigned flags = TABLE_FOLD | (config->smtputf8_enable ? TABLE_UTF8 : 0);

    router->config = config;
    router->domains = own_domain_open(config);
    router->transports = transport_map_open(config);
    router->sender_transports = maps_open(config, "sender_dependent_default_transport_maps",
        config->sender_dependent_default_transport_maps, flags | TABLE_NO_SUBSTITUTION);
    router->sender_relayhosts = maps_open(config, "sender_dependent_relayhost_maps",
        config->sender_dependent_relayhost_maps, flags | TABLE_NO_SUBSTITUTION);
    router->relocated = maps_open(config, "relocated_maps", config->relocated_maps, flags);
    return router;
}

void router_close(struct router *router)
{
    if (router == NULL)
        return;
    own_domain_close(router->domains);
    transport_map_close(router->transports);
    maps_close(router->sender_transports);
    maps_close(router->sender_relayhosts);
    maps_close(router->relocated);
    free(router);
}

bool router_may_wait(const struct router *router)
{
    return own_domain_may_wait(router->domains) || maps_may_wait(transport_map_tables(router->transports))
        || maps_may_wait(router->sender_transports) || maps_may_wait(router->sender_relayhosts)
        || maps_may_wait(router->relocated);
}

bool router_has_changed(struct router *router)
{
    return own_domain_has_changed(router->domains) || transport_map_has_changed(router->transports)
        || maps_have_changed(router->sender_transports) || maps_have_changed(router->sender_relayhosts)
        || maps_have_changed(router->relocated);
}

bool router_is_local(struct router *router, const char *domain)
{
    const char *reason;
    bool is_local;

    return own_domain_is_local(router->domains, domain, &is_local, &reason) == ROUTE_FOUND && is_local;
}

/* Whether a local part hides another address: user@other@here, user%other@here, other!user@here. */
static bool hides_address(const struct config *config, const char *local, size_t length)
{
    struct str text = {0};
    struct str quoted = {0};

    bool hides = memchr(local, '@', length) != NULL || (config->allow_percent_hack && memchr(local, '%', length))
        || (config->swap_bangpath && memchr(local, '!', length));
    if (hides && !config->resolve_dequoted_address) {
        str_put_bytes(&text, local, length);
        str_put_char(&text, '@'); /* so that no '@' in it is taken for the last one */
        address_quote(str_text(&text), &quoted);
        hides = str_text(&quoted)[0] != '"';
    }
    str_free(&text);
    str_free(&quoted);
    return hides;
}

/* Takes our own domains off until the address names somebody here or elsewhere. The result is in *address. */
static enum route_result peel(struct router *router, struct str *address, const char **reason)
{
    struct str bare = {0};
    enum route_result result = ROUTE_FOUND;

    for (int i = 0; i < PEEL_MAX; i++) {
        const char *domain = address_domain(str_text(address));
        size_t local = address_local_length(str_text(address));
        bool is_local = domain == NULL || *domain == '\0';
        if (!is_local)
            result = own_domain_is_local(router->domains, domain, &is_local, reason);
        bool bare_name = domain == NULL || *domain == '\0';
        if (result == ROUTE_DEFER || !is_local
            || (!bare_name && !hides_address(router->config, str_text(address), local)))
            break;
        str_clear(&bare);
        str_put_bytes(&bare, str_text(address), local);
        rewrite_address(router->config, REWRITE_LOCAL, str_text(&bare), address);
        if (bare_name && address_domain(str_text(address)) == NULL)
            break; /* append_at_myorigin = no: it stays a bare name */
    }
    str_free(&bare);
    return result;
}

/* "transport:nexthop", "transport", ":nexthop". What is empty leaves the former value. */
static void apply_transport(struct route *route, struct arena *arena, const char *text)
{
    const char *colon = strchr(text, ':');
    size_t length = colon == NULL ? strlen(text) : (size_t)(colon - text);

    if (length > 0)
        route->transport = arena_copy_bytes(arena, text, length);
    if (colon != NULL && colon[1] != '\0')
        route->next_hop = arena_copy_text(arena, colon + 1);
}

static void set_error(struct route *route, struct arena *arena, const char *next_hop, const char *reason)
{
    route->transport = "error";
    route->next_hop = next_hop;
    route->is_error = true;
    route->reason = reason;
}

/* A sender-dependent table; absent also for DUNNO. */
static enum table_result find_sender(struct router *router, struct maps *maps, const char *null_key,
    const char *sender, struct str *value)
{
    struct address_find find = {
        .maps = maps,
        .delimiters = router->config->recipient_delimiter,
        .owner_special = router->config->owner_request_special,
        .forms = FIND_FULL | FIND_NO_EXTENSION | FIND_AT_DOMAIN,
    };

    if (maps_is_empty(maps))
        return TABLE_ABSENT;
    enum table_result result = address_find(&find, *sender == '\0' ? null_key : sender, value, NULL, NULL);
    if (result == TABLE_FOUND && text_equal_nocase(str_text(value), "DUNNO"))
        return TABLE_ABSENT;
    return result;
}

static enum route_result defer(struct route *route, struct arena *arena, const char *what)
{
    route->reason = arena_printf(arena, "%s lookup failure", what);
    return ROUTE_DEFER;
}

/* Where mail for other domains goes by default: by sender or for all, then relayhost, then the domain itself. */
static enum route_result default_route(struct router *router, const char *sender, struct arena *arena,
    struct route *route)
{
    const struct config *config = router->config;
    struct str value = {0};
    enum route_result result = ROUTE_FOUND;
    enum table_result found = TABLE_ABSENT;

    route->next_hop = "";
    route->reason = route->class == ROUTE_RELAY ? "relay_transport" : "default_transport";
    apply_transport(route, arena, route->class == ROUTE_RELAY ? config->relay_transport : config->default_transport);
    if (route->class == ROUTE_OTHER)
        found = find_sender(router, router->sender_transports,
            config->empty_address_default_transport_maps_lookup_key, sender, &value);
    if (found == TABLE_FOUND) {
        route->next_hop = "";
        route->reason = "sender_dependent_default_transport_maps";
        apply_transport(route, arena, str_text(&value));
    }
    if (found == TABLE_FAILED)
        result = defer(route, arena, "sender_dependent_default_transport_maps");
    if (result == ROUTE_FOUND && *route->next_hop == '\0') {
        found = find_sender(router, router->sender_relayhosts, config->empty_address_relayhost_maps_lookup_key,
            sender, &value);
        if (found == TABLE_FAILED)
            result = defer(route, arena, "sender_dependent_relayhost_maps");
        route->next_hop = found == TABLE_FOUND ? arena_copy_text(arena, str_text(&value)) : config->relayhost;
    }
    str_free(&value);
    return result;
}

/* Transport and next hop by address class alone. */
static enum route_result class_route(struct router *router, const char *sender, const char *domain,
    struct arena *arena, struct route *route)
{
    const struct config *config = router->config;
    enum route_result result = ROUTE_FOUND;

    switch (route->class) {
    case ROUTE_LOCAL:
        apply_transport(route, arena, config->local_transport);
        route->reason = "local_transport";
        break;
    case ROUTE_VIRTUAL_ALIAS:
        set_error(route, arena, config->show_user_unknown_table_name
            ? "5.1.1 User unknown in virtual alias table" : "5.1.1 User unknown", "virtual_alias_domains");
        break;
    case ROUTE_VIRTUAL_MAILBOX:
        apply_transport(route, arena, config->virtual_transport);
        route->reason = "virtual_transport";
        break;
    case ROUTE_RELAY:
    case ROUTE_OTHER:
        result = default_route(router, sender, arena, route);
        break;
    }
    if (*route->next_hop == '\0')
        route->next_hop = domain;
    return result;
}

/* transport_maps changes any class but that of virtual aliases, which have no delivery of their own. */
static enum route_result map_route(struct router *router, const char *domain, struct arena *arena,
    struct route *route)
{
    struct str value = {0};
    const char *table = NULL;
    enum table_result found = TABLE_ABSENT;

    if (route->class != ROUTE_VIRTUAL_ALIAS)
        found = transport_map_find(router->transports, route->recipient, &value, &table);
    if (found == TABLE_FOUND) {
        if (str_text(&value)[0] != ':' && str_text(&value)[0] != '\0')
            route->next_hop = "";
        apply_transport(route, arena, str_text(&value));
        bool says_text = text_equal(route->transport, "error") || text_equal(route->transport, "retry");
        if (*route->next_hop == '\0')
            route->next_hop = says_text ? "Address is undeliverable" : domain;
        route->reason = arena_printf(arena, "transport_maps %s", table == NULL ? "" : table);
    }
    str_free(&value);
    return found == TABLE_FAILED ? defer(route, arena, "transport_maps") : ROUTE_FOUND;
}

static bool domain_is_local(void *context, const char *domain)
{
    return router_is_local(context, domain);
}

static enum route_result relocate(struct router *router, struct arena *arena, struct route *route)
{
    struct str value = {0};
    struct address_find find = {
        .maps = router->relocated,
        .delimiters = router->config->recipient_delimiter,
        .owner_special = router->config->owner_request_special,
        .forms = FIND_ALL,
        .domain_is_local = domain_is_local,
        .context = router,
    };

    if (maps_is_empty(router->relocated))
        return ROUTE_FOUND;
    enum table_result found = address_find(&find, route->recipient, &value, NULL, NULL);
    if (found == TABLE_FOUND) {
        const char *prefix = router->config->relocated_prefix_enable ? "5.1.6 User has moved to " : "";
        set_error(route, arena, arena_printf(arena, "%s%s", prefix, str_text(&value)), "relocated_maps");
    }
    str_free(&value);
    return found == TABLE_FAILED ? defer(route, arena, "relocated_maps") : ROUTE_FOUND;
}

static bool domain_is_usable(const struct config *config, const char *domain)
{
    char address[64];

    if (*domain != '[')
        return host_name_is_valid(domain, (config->resolve_numeric_domain ? HOST_NAME_NUMERIC_TOO : 0u)
            | (config->smtputf8_enable ? HOST_NAME_UTF8 : 0u));
    const char *previous = log_set_service("trivial-rewrite"); /* whose complaint it is, as log readers know it */
    bool usable = host_name_take_literal(domain, HOST_NAME_GRIPE, address, sizeof(address));
    log_set_service(previous);
    return usable;
}

/* user@192.0.2.1 means user@[192.0.2.1] (resolve_numeric_domain). */
static void put_brackets(struct str *address)
{
    const char *domain = address_domain(str_text(address));
    struct in_addr number;

    if (domain == NULL || inet_pton(AF_INET, domain, &number) != 1)
        return;
    struct str whole = {0};
    str_put_bytes(&whole, str_text(address), (size_t)(domain - str_text(address)));
    str_printf(&whole, "[%s]", domain);
    str_set(address, str_text(&whole));
    str_free(&whole);
}

enum route_result router_resolve(struct router *router, const char *sender, const char *recipient,
    struct arena *arena, struct route *route)
{
    const struct config *config = router->config;
    struct str address = {0};
    const char *reason = "";

    *route = (struct route){ .class = ROUTE_LOCAL, .transport = "", .next_hop = "", .reason = "" };
    str_set(&address, *recipient == '\0' ? config->empty_address_recipient : recipient);
    if (address_domain(str_text(&address)) == NULL) { /* a bare name is one of ours */
        struct str whole = {0};
        rewrite_address(config, REWRITE_LOCAL, str_text(&address), &whole);
        str_set(&address, str_text(&whole));
        str_free(&whole);
    }
    bool has_no_domain = address.length > 0 && str_text(&address)[address.length - 1] == '@' && !config->resolve_null_domain
        && !hides_address(config, str_text(&address), address_local_length(str_text(&address)));
    if (config->resolve_numeric_domain)
        put_brackets(&address);
    enum route_result result = has_no_domain ? ROUTE_FOUND : peel(router, &address, &reason);
    route->recipient = arena_copy_text(arena, str_text(&address));
    str_free(&address);
    const char *domain = address_domain(route->recipient);
    if (domain == NULL || *domain == '\0')
        domain = config->myhostname;
    else if (result == ROUTE_FOUND)
        result = own_domain_classify(router->domains, domain, &route->class, &reason);
    if (result == ROUTE_DEFER)
        return defer(route, arena, reason);
    if (*route->recipient == '@' && route->class == ROUTE_LOCAL) /* an empty local part has a name here */
        route->recipient = arena_printf(arena, "MAILER-DAEMON@%s", domain);
    /* What begins with '-' could be taken for an option by a program that gets it. */
    if (has_no_domain || !domain_is_usable(config, domain) || (*route->recipient == '-' && !config->allow_min_user)) {
        set_error(route, arena, "5.1.3 bad address syntax", "address syntax");
        return ROUTE_FOUND;
    }
    result = class_route(router, sender, domain, arena, route);
    if (result == ROUTE_FOUND)
        result = map_route(router, domain, arena, route);
    if (result == ROUTE_FOUND)
        result = relocate(router, arena, route);
    route->is_error = route->is_error || text_equal(route->transport, "error");
    return result;
}
