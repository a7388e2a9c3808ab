#include "delivery/smtp/smtp_client.h"

#include <stdlib.h>

#include "delivery/smtp/smtp_checks.h"
#include "delivery/smtp/smtp_generic.h"
#include "delivery/smtp/smtp_notice.h"
#include "delivery/smtp/smtp_sasl.h"
#include "delivery/smtp/smtp_session.h"
#include "delivery/smtp/smtp_tls.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/net/own_address.h"

static const struct {
    char letter;
    unsigned bit;
} flags[] = {
    { 'D', SMTP_FLAG_DELIVERED_TO },
    { 'O', SMTP_FLAG_ORIGINAL_TO },
    { 'R', SMTP_FLAG_RETURN_PATH },
    { 'X', SMTP_FLAG_FINAL },
};

static unsigned parse_flags(const char *letters)
{
    unsigned bits = 0;

    for (; *letters != '\0'; letters++) {
        size_t i = 0;
        while (i < sizeof(flags) / sizeof(flags[0]) && flags[i].letter != *letters)
            i++;
        if (i == sizeof(flags) / sizeof(flags[0]))
            log_fatal("bad flags= value: unknown flag \"%c\"", *letters);
        bits |= flags[i].bit;
    }
    return bits;
}

void smtp_client_open(struct smtp_client *client, struct worker *worker, bool lmtp)
{
    const struct config *config = worker_config(worker);

    *client = (struct smtp_client){
        .worker = worker,
        .config = config,
        .lmtp = lmtp,
        .helo_name = lmtp ? config->lmtp_lhlo_name : config->smtp_helo_name,
        .helo_timeout_s = lmtp ? config->lmtp_lhlo_timeout : config->smtp_helo_timeout,
        .tells_of_protocol = text_list_has_nocase(config->notify_classes, "protocol"),
        .tells_of_data = text_list_has_nocase(config->notify_classes, "data"),
        .own = own_address_open(config->inet_interfaces, config->inet_protocols, config->proxy_interfaces),
        .discard_keywords = maps_open(config,
            lmtp ? "lmtp_discard_lhlo_keyword_address_maps" : "smtp_discard_ehlo_keyword_address_maps",
            lmtp ? config->lmtp_discard_lhlo_keyword_address_maps : config->smtp_discard_ehlo_keyword_address_maps, 0),
        .pix_workarounds = maps_open(config, "smtp_pix_workaround_maps", config->smtp_pix_workaround_maps, 0),
        .reply_filter = *config->smtp_reply_filter == '\0' ? NULL : table_open(config, config->smtp_reply_filter, 0),
        .status_filter = maps_open(config, lmtp ? "lmtp_delivery_status_filter" : "smtp_delivery_status_filter",
            config->smtp_delivery_status_filter, 0),
        .checks = smtp_checks_open(config, lmtp),
        .generic = smtp_generic_open(config, lmtp),
        .sasl = smtp_sasl_open(config, lmtp),
        .debug_peers = match_list_open(config, "debug_peer_list", config->debug_peer_list),
        .cache_destinations = match_list_open(config, "smtp_connection_cache_destinations",
            config->smtp_connection_cache_destinations),
    };
    if (lmtp && config->lmtp_assume_final)
        log_warning("lmtp_assume_final is obsolete; instead, specify \"flags=X\" in master.cf");
    client->tls = memory_new(struct smtp_tls);
    smtp_tls_open(client->tls, worker, lmtp);
    worker_allow_path(worker, config->smtp_tls_CApath, false);
    smtp_dns_open(&client->dns, config, lmtp);
    smtp_hosts_settings_init(&client->lookups, config, client->own, &client->dns);
    for (int i = 0; i < worker_argc(worker); i++) {
        const char *argument = worker_argv(worker)[i];
        if (!text_starts_with(argument, "flags="))
            log_fatal("bad argument: \"%s\"", argument);
        client->flags |= parse_flags(argument + sizeof("flags=") - 1);
    }
}

void smtp_client_close(struct smtp_client *client)
{
    smtp_session_close(client->kept);
    maps_close(client->discard_keywords);
    maps_close(client->pix_workarounds);
    table_close(client->reply_filter);
    maps_close(client->status_filter);
    smtp_checks_close(client->checks);
    smtp_generic_close(client->generic);
    smtp_sasl_close(client->sasl);
    match_list_close(client->cache_destinations);
    match_list_close(client->debug_peers);
    smtp_tls_close(client->tls);
    free(client->tls);
    smtp_dns_close(&client->dns);
    own_address_close(client->own);
}
