#include "delivery/smtp/smtp_deliver.h"

#include <string.h>

#include "delivery/smtp/smtp_connect.h"
#include "delivery/smtp/smtp_delivery.h"
#include "delivery/smtp/smtp_envelope.h"
#include "delivery/smtp/smtp_handshake.h"
#include "delivery/smtp/smtp_next_hop.h"
#include "delivery/smtp/smtp_tls.h"
#include "delivery/smtp/smtp_transaction.h"
#include "qmgr/client/agent_pass.h"
#include "util/base/clock.h"
#include "util/base/text.h"
#include "util/log/log.h"

/* --- connections that are used more than once --- */

static bool destination_is_cached(const struct smtp_delivery *delivery, const struct smtp_next_hop *hop)
{
    struct match_list *list = delivery->client->cache_destinations;

    return !match_list_is_empty(list)
        && (match_list_domain(list, hop->text, NULL) == TABLE_FOUND
            || match_list_domain(list, hop->host, NULL) == TABLE_FOUND);
}

static bool may_keep(const struct smtp_delivery *delivery, const struct smtp_next_hop *hop)
{
    const struct config *config = delivery->client->config;
    const struct smtp_session *session = delivery->session;
    int64_t age_ms = clock_monotonic_ms() - session->started_ms;

    if (*delivery->order->affinity == '\0' || (session->tls != NULL && !session->policy.reuse))
        return false;
    if (session->logged_in && config->smtp_sender_dependent_authentication)
        return false; /* the next sender may have a login of his own */
    bool on_demand = config->smtp_connection_cache_on_demand && delivery->order->has_many;
    if (!on_demand && !destination_is_cached(delivery, hop))
        return false;
    if (config->smtp_connection_reuse_count_limit > 0 && session->uses > config->smtp_connection_reuse_count_limit)
        return false;
    return age_ms < config->smtp_connection_reuse_time_limit * 1000;
}

/* The kept connection, if it fits the order; it is ours then. */
static struct smtp_session *take_kept(struct smtp_client *client, const struct order *order)
{
    struct smtp_session *session = client->kept;

    client->kept = NULL;
    if (session == NULL)
        return NULL;
    if (*order->affinity != '\0' && text_equal(session->affinity, order->affinity)
        && !stream_input_is_pending(session->stream))
        return session;
    smtp_session_close(session); /* without QUIT, like one whose time ran out */
    return NULL;
}

static void keep(struct smtp_delivery *delivery)
{
    struct smtp_session *session = delivery->session;

    if (session == NULL)
        return;
    smtp_session_rest(session); /* a notice would be about another message later */
    session->affinity = arena_copy_text(session->arena, delivery->order->affinity);
    delivery->client->kept = session;
    delivery->session = NULL;
}

/* --- one server --- */

static void start_attempt(struct smtp_delivery *delivery)
{
    memset(delivery->kept, 0, delivery->order->target_count * sizeof(*delivery->kept));
    delivery->session->uses++;
}

/* The session stands; sends the message over it. False: a kept session turned out to be stale. */
static bool use_session(struct smtp_delivery *delivery, const struct smtp_next_hop *hop, bool fresh)
{
    bool stale = false;

    start_attempt(delivery);
    delivery->order->connected_us = clock_wall_us();
    if (!smtp_envelope_fits(delivery))
        return true;
    if (!smtp_handshake_xforward(delivery)) {
        smtp_session_quit(delivery->session);
        delivery->session = NULL;
        return true;
    }
    smtp_transaction_run(delivery, !fresh, may_keep(delivery, hop), &stale);
    keep(delivery);
    return !stale;
}

/* Whether the handshake succeeded, so that this counts as a session. */
static bool try_session(struct smtp_delivery *delivery, const struct smtp_next_hop *hop)
{
    memset(delivery->kept, 0, delivery->order->target_count * sizeof(*delivery->kept));
    if (!smtp_handshake_run(delivery)) {
        smtp_session_quit(delivery->session);
        delivery->session = NULL;
        return false;
    }
    delivery->last_host |= delivery->last_session; /* those that end before this point don't count */
    (void)use_session(delivery, hop, true); /* a fresh one isn't stale */
    return true;
}

static void connect_failed(struct smtp_delivery *delivery, const char *name, const char *address, unsigned port,
    const char *why)
{
    struct arena *arena = delivery->order->arena;
    const char *text = port == 0 ? arena_printf(arena, "connect to %s[%s]: %s", name, address, why)
                                 : arena_printf(arena, "connect to %s[%s]:%u: %s", name, address, port, why);

    if (port != 0)
        log_info("%s", text);
    delivery->unreachable = true;
    delivery->trouble = (struct agent_result){ .code = 450, .status = "4.4.1", .why = text, .relay = "none" };
}

/* What the destination's TLS policy says of this server. False: it can't be used, and why is in the trouble. */
static bool find_policy(struct smtp_delivery *delivery, const struct smtp_next_hop *hop, const char *host, const char *server,
    struct smtp_tls_policy *policy)
{
    const struct config *config = delivery->client->config;
    struct agent_result trouble = { .code = 450, .status = "4.7.5", .why = "client TLS configuration problem",
        .relay = "none" };

    if (!smtp_tls_policy_find(&delivery->client->tls->rules, hop->text, host, server, delivery->order->arena, policy)
        || !smtp_tls_load_anchors(delivery->client->tls, policy, hop->text, server)) {
        delivery->trouble = trouble;
        return false;
    }
    if (config->smtp_tls_wrappermode && policy->level < SMTP_TLS_ENCRYPT) {
        log_warning("%s_tls_wrappermode requires \"%s_tls_security_level = encrypt\" (or stronger)",
            delivery->client->lmtp ? "lmtp" : "smtp", delivery->client->lmtp ? "lmtp" : "smtp");
        trouble.status = "4.3.0";
        trouble.why = "server unavailable or unable to receive mail";
        delivery->trouble = trouble;
        return false;
    }
    return true;
}

/* The policy's texts must live as long as a session that is kept. */
static void set_policy(struct smtp_session *session, const struct smtp_tls_policy *policy)
{
    struct arena *arena = session->arena;
    const char **match = arena_allocate(arena, (policy->match_count + 1) * sizeof(*match));

    session->policy = *policy;
    session->policy.server_name = arena_copy_text(arena, policy->server_name);
    session->policy.anchors = arena_copy_text(arena, policy->anchors);
    session->policy.protocols = arena_copy_text(arena, policy->protocols);
    session->policy.ciphers = arena_copy_text(arena, policy->ciphers);
    for (size_t i = 0; policy->exclude[i] != NULL; i++)
        session->policy.exclude[i] = arena_copy_text(arena, policy->exclude[i]);
    for (size_t i = 0; i < policy->match_count; i++)
        match[i] = arena_copy_text(arena, policy->match[i]);
    session->policy.match = match;
}

/* A message that has waited may go in plain text where TLS is only a wish and doesn't work. */
static bool may_fall_back(const struct smtp_delivery *delivery, const struct smtp_tls_policy *policy)
{
    int64_t age_s = (clock_wall_us() - delivery->order->envelope.arrival_us) / 1000000;

    return delivery->tls_failed && policy->level == SMTP_TLS_MAY && smtp_delivery_has_left(delivery)
        && age_s >= delivery->client->config->minimal_backoff_time;
}

/* --- one destination of the list --- */

static void try_unix(struct smtp_delivery *delivery, const struct smtp_next_hop *hop, bool last_hop)
{
    const char *why = "";
    const char *name = delivery->client->config->myhostname;
    struct smtp_tls_policy policy;

    delivery->last_host = last_hop;
    delivery->next_hop = hop->text;
    if (!find_policy(delivery, hop, name, name, &policy))
        return;
    int fd = smtp_connect_unix(delivery->client, hop->host, &why);
    if (fd < 0) {
        connect_failed(delivery, name, hop->host, 0, why);
        return;
    }
    delivery->session = smtp_session_open(delivery->client, fd, name, hop->host, 0);
    set_policy(delivery->session, &policy);
    smtp_session_serve(delivery->session, delivery->agent, delivery->order->queue_id);
    (void)try_session(delivery, hop); /* there is no second server */
}

/* Whether it came to a session. */
static bool try_host(struct smtp_delivery *delivery, const struct smtp_next_hop *hop, const struct smtp_host *host,
    const struct smtp_tls_policy *policy)
{
    const char *why = "";
    int fd = smtp_connect_host(delivery->client, host, &why);

    delivery->tls_failed = false;
    delivery->detect_loops = !delivery->client->lmtp && host->port == 25;
    if (fd < 0) {
        connect_failed(delivery, host->name, host->address_text, host->port, why);
        return false;
    }
    delivery->session = smtp_session_open(delivery->client, fd, host->name, host->address_text, host->port);
    set_policy(delivery->session, policy);
    smtp_session_serve(delivery->session, delivery->agent, delivery->order->queue_id);
    return try_session(delivery, hop);
}

static void try_hosts(struct smtp_delivery *delivery, const struct smtp_next_hop *hop, const struct smtp_hosts *hosts,
    bool last_hop)
{
    size_t limit = (size_t)delivery->client->config->smtp_mx_session_limit;
    size_t sessions = 0;

    for (size_t i = 0; i < hosts->count && smtp_delivery_has_left(delivery); i++) {
        const struct smtp_host *host = &hosts->list[i];
        struct smtp_tls_policy policy;
        if (limit > 0 && sessions == limit)
            return;
        if (host->port == delivery->tried_port && text_equal(host->address_text, delivery->tried_address))
            continue;
        delivery->last_host = last_hop && i + 1 == hosts->count;
        delivery->last_session = last_hop && sessions + 1 == limit;
        if (!find_policy(delivery, hop, hop->host, host->name, &policy))
            continue;
        sessions += try_host(delivery, hop, host, &policy);
        if (may_fall_back(delivery, &policy)) {
            policy.level = SMTP_TLS_NONE;
            sessions += try_host(delivery, hop, host, &policy);
        }
    }
}

/* We are the best server for the domain: another transport may know what to do with its mail. */
static void pass_to_best_mx_transport(struct smtp_delivery *delivery)
{
    struct arena *arena = delivery->order->arena;
    const char *setting = delivery->client->config->best_mx_transport;
    const char *colon = strchr(setting, ':');
    size_t length = colon == NULL ? strlen(setting) : (size_t)(colon - setting);
    const char *next_hop = colon == NULL || colon[1] == '\0' ? delivery->order->next_hop : colon + 1;

    if (length == 0)
        return;
    const char *path = arena_printf(arena, "private/%.*s", (int)length, setting);
    if (!agent_pass(delivery->agent, delivery->order, NULL, worker_socket_path(delivery->client->worker, path), next_hop))
        delivery->trouble = (struct agent_result){ .code = 450, .status = "4.3.0", .why = "mail transport unavailable", .relay = "none" };
}

/* False: the rest of the list must not be tried. */
static bool try_inet(struct smtp_delivery *delivery, const struct smtp_next_hop *hop, bool last_hop)
{
    struct smtp_client *client = delivery->client;
    const struct config *config = client->config;
    const char *port_text = *hop->port == '\0' ? config->smtp_tcp_port : hop->port;
    unsigned port = smtp_next_hop_port(port_text, config->known_tcp_ports);
    struct smtp_hosts hosts;

    if (port == 0) {
        log_warning("unknown service: %s/tcp in next hop \"%s\"", port_text, hop->text);
        delivery->trouble = (struct agent_result){ .code = 450, .status = "4.3.5", .why = "Server configuration error", .relay = "none" };
        return true;
    }
    delivery->destination = hop->host;
    delivery->next_hop = hop->text;
    const struct smtp_destination destination = {
        .host = hop->host,
        .port = port,
        .service = !hop->is_bracketed && smtp_hosts_wants_srv(config, hop->port) ? hop->port : NULL,
        .mx = !client->lmtp && !hop->is_bracketed,
        .detect_loops = !client->lmtp,
    };
    smtp_hosts_find(&client->lookups, &destination, delivery->order->arena, &hosts);
    if (hosts.count == 0) {
        delivery->unreachable = hosts.code < 500;
        delivery->trouble = (struct agent_result){ .code = hosts.code, .status = hosts.status, .why = hosts.why, .relay = "none" };
    }
    if (hosts.loops)
        pass_to_best_mx_transport(delivery);
    try_hosts(delivery, hop, &hosts, last_hop || hosts.we_are_listed);
    return !hosts.we_are_listed;
}

/* --- the order --- */

static void try_list(struct smtp_delivery *delivery, const char *const *members, size_t count)
{
    struct arena *arena = delivery->order->arena;
    struct smtp_next_hop hop;
    const char *why;

    for (size_t i = 0; i < count && smtp_delivery_has_left(delivery); i++) {
        bool last = i + 1 == count;
        if (!smtp_next_hop_parse(members[i], delivery->client->lmtp, arena, &hop, &why)) {
            log_warning("%s", why);
            delivery->trouble = (struct agent_result){ .code = 450, .status = "4.3.5", .why = "Server configuration error", .relay = "none" };
        } else if (hop.is_unix) {
            try_unix(delivery, &hop, last);
        } else if (!try_inet(delivery, &hop, last)) {
            return;
        }
    }
}

/* The next hops of the order, then the fall-back relays; those help out servers on the network only (postconf(5)
 * lmtp_fallback_relay). */
static size_t list_destinations(const struct smtp_delivery *delivery, const char ***members)
{
    struct arena *arena = delivery->order->arena;
    const char *relays = delivery->client->config->smtp_fallback_relay;
    const char **fallback;
    const char **wanted;
    size_t wanted_count = smtp_next_hop_list(delivery->order->next_hop, arena, &wanted);

    if (delivery->client->lmtp && text_starts_with(delivery->order->next_hop, "unix:") && *relays != '\0') {
        log_warning("ignoring \"lmtp_fallback_relay = %s\" setting for non-TCP connections", relays);
        relays = "";
    }
    size_t fallback_count = smtp_next_hop_list(relays, arena, &fallback);

    *members = arena_allocate(arena, (wanted_count + fallback_count + 1) * sizeof(**members));
    if (wanted_count > 0)
        memcpy(*members, wanted, wanted_count * sizeof(**members));
    if (fallback_count > 0)
        memcpy(*members + wanted_count, fallback, fallback_count * sizeof(**members));
    return wanted_count + fallback_count;
}

static bool reuse_kept(struct smtp_delivery *delivery, const char *first_member)
{
    struct smtp_next_hop hop;
    const char *why;

    delivery->session = take_kept(delivery->client, delivery->order);
    if (delivery->session == NULL)
        return false;
    smtp_session_serve(delivery->session, delivery->agent, delivery->order->queue_id);
    if (!smtp_next_hop_parse(first_member, delivery->client->lmtp, delivery->order->arena, &hop, &why))
        return false;
    delivery->last_host = false; /* what this server can't do, a fresh look may */
    delivery->destination = hop.host;
    const char *address = arena_copy_text(delivery->order->arena, delivery->session->address);
    unsigned port = delivery->session->port;
    if (!use_session(delivery, &hop, false))
        return false;
    delivery->tried_address = address;
    delivery->tried_port = port;
    return true;
}

bool smtp_deliver_order(struct smtp_client *client, struct agent *agent, struct order *order)
{
    struct smtp_delivery delivery = {
        .client = client,
        .agent = agent,
        .order = order,
        .tried_address = "",
        .kept = arena_allocate(order->arena, (order->target_count + 1) * sizeof(bool)),
        .trouble = { .code = 450, .status = "4.3.0", .why = "no destination", .relay = "none" },
    };
    const char **members;
    size_t count = list_destinations(&delivery, &members);

    if (!smtp_envelope_map(&delivery)) {
        delivery.trouble.status = "4.3.5";
        delivery.trouble.why = "local data error";
        count = 0;
    }
    if (count > 0)
        (void)reuse_kept(&delivery, members[0]); /* whoever is left is tried afresh */
    if (smtp_delivery_has_left(&delivery)) {
        smtp_session_close(client->kept);
        client->kept = NULL;
        try_list(&delivery, members, count);
    }
    agent_report_rest(agent, order, &delivery.trouble);
    return agent_finish(agent, order, client->kept == NULL ? "" : client->kept->affinity,
        delivery.unreachable ? &delivery.trouble : NULL);
}
