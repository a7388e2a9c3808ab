#include "smtpd/client_rights.h"

#include "smtpd/keywords.h"
#include "util/base/text.h"
#include "util/log/log.h"

static unsigned keywords_withheld(struct session *session)
{
    struct service *service = session->service;
    struct str list = {0};
    unsigned bits = service->discard_keywords;

    if (maps_is_empty(service->discard_keyword_maps))
        return bits;
    switch (maps_find(service->discard_keyword_maps, session->client.address, &list, NULL)) {
    case TABLE_FOUND:
        bits = keywords_parse(str_text(&list));
        break;
    case TABLE_FAILED:
        session->unknown_offer = arena_printf(session->arena, "don't know what EHLO features to announce to %s",
            session->client_text);
        break;
    case TABLE_ABSENT:
        break;
    }
    str_free(&list);
    return bits;
}

static bool matches_client(const struct session *session, struct match_list *list)
{
    return match_list_client(list, session->client.name, session->client.address) == TABLE_FOUND;
}

/* Who may speak for others. A look-up that fails keeps EHLO from being answered. */
static bool may_use(struct session *session, struct match_list *list, const char *keyword)
{
    enum table_result result = match_list_client(list, session->client.name, session->client.address);

    if (result == TABLE_FAILED)
        session->unknown_offer = arena_printf(session->arena, "don't know if EHLO feature %s should be announced to %s",
            keyword, session->client_text);
    return result == TABLE_FOUND;
}

void client_rights_find(struct session *session)
{
    const struct config *config = session->config;
    struct service *service = session->service;

    session->client_text = arena_printf(session->arena, config->smtpd_client_port_logging ? "%s[%s]:%s" : "%s[%s]",
        session->client.name, session->client.address, session->client.port);
    session->unknown_offer = NULL;
    session->discard_keywords = keywords_withheld(session);
    session->bare_newline_excluded = !text_equal_nocase(config->smtpd_forbid_bare_newline, "no")
                                     && matches_client(session, service->bare_newline_exclusions);
    enum table_result local = match_list_client(service->local_rewrite_clients, session->client.name, session->client.address);
    session->context = local == TABLE_FOUND ? REWRITE_LOCAL : REWRITE_REMOTE;
    session->context_is_unknown = local == TABLE_FAILED;
    session->debug_level = log_debug_level();
    if (matches_client(session, service->debug_peers))
        log_set_debug(session->debug_level + (int)config->debug_peer_level);
    session->dns_lists = (struct dns_list_memory){ .arena = session->arena };
    session->xclient_allowed = may_use(session, service->xclient_hosts, "XCLIENT");
    session->auth_withheld = config->smtpd_sasl_auth_enable && may_use(session, service->auth_exceptions, "AUTH");
}

void client_rights_find_lasting(struct session *session)
{
    session->xforward_allowed = may_use(session, session->service->xforward_hosts, "XFORWARD");
    session->verp_allowed = matches_client(session, session->service->verp_clients);
}
