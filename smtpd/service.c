#include "smtpd/service.h"

#include <arpa/inet.h>
#include <string.h>

#include "smtpd/encryption.h"
#include "smtpd/hold_limits.h"
#include "smtpd/keywords.h"
#include "smtpd/limits.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/net/own_address.h"

/* permit_inet_interfaces: clients that have one of our own addresses. */
static void put_own_addresses(const struct config *config, struct str *out)
{
    struct own_address *own = own_address_open(config->inet_interfaces, config->inet_protocols, "");
    size_t count;
    const struct sockaddr_storage *addresses = own_address_list(own, &count);
    char text[INET6_ADDRSTRLEN];

    for (size_t i = 0; i < count; i++) {
        const void *v4 = &((const struct sockaddr_in *)&addresses[i])->sin_addr;
        const void *v6 = &((const struct sockaddr_in6 *)&addresses[i])->sin6_addr;
        bool is_v6 = addresses[i].ss_family == AF_INET6;
        if (inet_ntop(addresses[i].ss_family, is_v6 ? v6 : v4, text, sizeof(text)) != NULL)
            str_printf(out, is_v6 ? "[%s] " : "%s ", text);
    }
    own_address_close(own);
}

/* local_header_rewrite_clients lists restrictions; "permit_mynetworks" and tables are what a connection can be judged by. */
static struct match_list *open_rewrite_tables(const struct config *config)
{
    struct str tables = {0};
    const char *cursor = config->local_header_rewrite_clients;
    const char *word;
    size_t length;

    while (text_next_word(&cursor, TEXT_LIST_SEPARATORS, &word, &length)) {
        struct str name = {0};
        str_put_bytes(&name, word, length);
        if (text_equal_nocase(str_text(&name), "permit_mynetworks"))
            str_printf(&tables, "%s ", config->mynetworks);
        else if (text_equal_nocase(str_text(&name), "permit_inet_interfaces"))
            put_own_addresses(config, &tables);
        else if (!text_starts_with_nocase(str_text(&name), "check_address_map")
                 && !text_starts_with_nocase(str_text(&name), "permit_"))
            str_printf(&tables, "%s ", str_text(&name));
        str_free(&name);
    }
    struct match_list *list = match_list_open(config, "local_header_rewrite_clients", str_text(&tables));
    str_free(&tables);
    return list;
}

void service_open(struct service *service, const struct config *config, const struct config *rewrite,
    struct intake *intake, const char *auth_socket, const char *anvil_socket)
{
    *service = (struct service){ .config = config, .intake = intake };
    service->router = router_open(rewrite);
    service->policy = policy_open(config, service->router);
    service->discard_keyword_maps = maps_open(config, "smtpd_discard_ehlo_keyword_address_maps",
        config->smtpd_discard_ehlo_keyword_address_maps, TABLE_FOLD);
    service->command_filter = maps_open(config, "smtpd_command_filter", config->smtpd_command_filter, TABLE_EMPTY_VALUES);
    service->footers = maps_open(config, "smtpd_reject_footer_maps", config->smtpd_reject_footer_maps, 0);
    service->reject_filter = maps_open(config, "smtpd_reject_filter_maps", config->smtpd_reject_filter_maps, 0);
    service->debug_peers = match_list_open(config, "debug_peer_list", config->debug_peer_list);
    service->flush_domains = match_list_open(config, "fast_flush_domains", config->fast_flush_domains);
    service->limits = limits_open(config, anvil_socket);
    service->mynetworks = match_list_open(config, "mynetworks", config->mynetworks);
    service->forbidden_commands = match_list_open(config, "smtpd_forbidden_commands", config->smtpd_forbidden_commands);
    service->noop_commands = match_list_open(config, "smtpd_noop_commands", config->smtpd_noop_commands);
    service->bare_newline_exclusions = match_list_open(config, "smtpd_forbid_bare_newline_exclusions",
        config->smtpd_forbid_bare_newline_exclusions);
    service->xclient_hosts =
        match_list_open(config, "smtpd_authorized_xclient_hosts", config->smtpd_authorized_xclient_hosts);
    service->verp_clients =
        match_list_open(config, "smtpd_authorized_verp_clients", config->smtpd_authorized_verp_clients);
    service->xforward_hosts =
        match_list_open(config, "smtpd_authorized_xforward_hosts", config->smtpd_authorized_xforward_hosts);
    service->milter_maps = maps_open(config, "smtpd_milter_maps", config->smtpd_milter_maps, TABLE_FOLD);
    service->no_milters = strstr(config->receive_override_options, "no_milters") != NULL;
    service->local_rewrite_clients = open_rewrite_tables(config);
    service->auth_exceptions = match_list_open(config, "smtpd_sasl_exceptions_networks",
        config->smtpd_sasl_exceptions_networks);
    service->hold_limits = hold_limits_open(config);
    if (config->smtpd_sasl_auth_enable)
        service->auth = auth_service_open(config, auth_socket);
    service->discard_keywords = keywords_parse(config->smtpd_discard_ehlo_keywords);
}

void service_close(struct service *service)
{
    policy_close(service->policy);
    router_close(service->router);
    maps_close(service->discard_keyword_maps);
    maps_close(service->command_filter);
    maps_close(service->footers);
    maps_close(service->reject_filter);
    limits_close(service->limits);
    maps_close(service->milter_maps);
    match_list_close(service->flush_domains);
    match_list_close(service->debug_peers);
    match_list_close(service->xclient_hosts);
    match_list_close(service->xforward_hosts);
    match_list_close(service->verp_clients);
    match_list_close(service->mynetworks);
    match_list_close(service->forbidden_commands);
    match_list_close(service->noop_commands);
    match_list_close(service->bare_newline_exclusions);
    match_list_close(service->local_rewrite_clients);
    match_list_close(service->auth_exceptions);
    hold_limits_close(service->hold_limits);
    auth_service_close(service->auth);
}

bool service_has_changed(struct service *service)
{
    return encryption_has_changed(service->encryption) || policy_has_changed(service->policy) || router_has_changed(service->router)
           || maps_have_changed(service->discard_keyword_maps) || maps_have_changed(service->command_filter)
           || maps_have_changed(service->footers) || maps_have_changed(service->reject_filter)
           || match_list_has_changed(service->mynetworks) || match_list_has_changed(service->bare_newline_exclusions)
           || match_list_has_changed(service->auth_exceptions) || hold_limits_have_changed(service->hold_limits)
           || match_list_has_changed(service->local_rewrite_clients) || maps_have_changed(service->milter_maps)
           || match_list_has_changed(service->xclient_hosts) || match_list_has_changed(service->xforward_hosts)
           || match_list_has_changed(service->verp_clients)
           || intake_tables_have_changed(service->intake);
}
