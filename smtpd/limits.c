#include "smtpd/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "smtpd/anvil/anvil_messages.h"
#include "smtpd/session.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/net/ip_address.h"
#include "util/table/match_list.h"

enum { TIMEOUT_S = 10, CONNECT_MS = 5000 };

struct limits {
    const struct config *config;
    char *socket;
    struct match_list *exceptions;
    struct ipc_channel *channel; /* NULL: not connected */
    int64_t next_try_ms;         /* after a failure */
};

struct limits *limits_open(const struct config *config, const char *socket)
{
    struct limits *limits = memory_new(struct limits);

    *limits = (struct limits){ .config = config, .socket = memory_copy_text(socket),
        .exceptions = match_list_open(config, "smtpd_client_event_limit_exceptions",
            config->smtpd_client_event_limit_exceptions) };
    return limits;
}

void limits_close(struct limits *limits)
{
    if (limits == NULL)
        return;
    ipc_close(limits->channel);
    match_list_close(limits->exceptions);
    free(limits->socket);
    free(limits);
}

/* --- talking to anvil --- */

/* Without anvil nobody is counted, and nobody refused. */
static void give_up(struct limits *limits, const char *why)
{
    log_warning("problem talking to server %s: %s", limits->socket, why);
    ipc_close(limits->channel);
    limits->channel = NULL;
    limits->next_try_ms = clock_monotonic_ms() + 1000;
}

static bool connect_to_anvil(struct limits *limits)
{
    if (limits->channel != NULL)
        return true;
    if (clock_monotonic_ms() < limits->next_try_ms)
        return false;
    int fd = fd_connect_unix(limits->socket, CONNECT_MS);
    if (fd < 0) {
        give_up(limits, strerror(errno));
        return false;
    }
    limits->channel = ipc_open(fd);
    return true;
}

/* One of the two is asked: what happened, or an amount. */
static bool exchange(struct limits *limits, const struct anvil_event *event, const struct anvil_amount *amount,
    struct anvil_counts *counts)
{
    unsigned type;

    if (event != NULL)
        anvil_event_send(limits->channel, event);
    else
        anvil_amount_send(limits->channel, amount);
    return ipc_flush(limits->channel, clock_deadline_s(TIMEOUT_S))
           && ipc_receive(limits->channel, &type, clock_deadline_s(TIMEOUT_S)) && type == anvil_counts_type
           && anvil_counts_decode(limits->channel, counts);
}

/* A connection from an earlier session may have outlived its anvil: that costs a second try. */
static bool ask(struct limits *limits, const struct anvil_event *event, const struct anvil_amount *amount,
    struct anvil_counts *counts)
{
    if (limits->channel != NULL && exchange(limits, event, amount, counts))
        return true;
    ipc_close(limits->channel);
    limits->channel = NULL;
    if (!connect_to_anvil(limits))
        return false;
    bool good = exchange(limits, event, amount, counts);
    if (!good)
        give_up(limits, ipc_error(limits->channel));
    return good;
}

bool limits_add(struct limits *limits, const char *name, uint32_t amount, uint32_t window_s, uint32_t *sum)
{
    const struct anvil_amount added = { .name = name, .amount = amount, .window_s = window_s };
    struct anvil_counts counts;

    if (!ask(limits, NULL, &added, &counts))
        return false;
    *sum = counts.rate;
    return true;
}

/* --- who is counted --- */

/* Clients of one network may be counted as one: "192.0.2.0/24". */
const char *limits_client_group(const struct session *session)
{
    const struct config *config = session->config;
    struct ip_address address;
    struct str text = {0};

    if (!ip_address_parse(session->client.address, &address))
        return session->client.address;
    bool v4 = address.family == AF_INET;
    unsigned bits = v4 ? 32 : 128;
    unsigned prefix = (unsigned)(v4 ? config->smtpd_client_ipv4_prefix_length : config->smtpd_client_ipv6_prefix_length);
    if (prefix >= bits)
        return session->client.address;
    for (unsigned i = prefix; i < bits; i++)
        address.bytes[i / 8] &= (unsigned char)~(1u << (7 - i % 8));
    ip_address_put(&address, &text);
    const char *group = arena_printf(session->call, "%s/%u", str_text(&text), prefix);
    str_free(&text);
    return group;
}

bool limits_is_excepted(const struct session *session)
{
    return session->xclient_allowed
           || match_list_client(session->service->limits->exceptions, session->client.name, session->client.address)
                  == TABLE_FOUND;
}

static struct anvil_event event_of(const struct session *session, unsigned kind)
{
    return (struct anvil_event){ .kind = kind, .service = session->config->service_name, .client = limits_client_group(session) };
}

struct verdict limits_connect(struct session *session)
{
    const struct config *config = session->config;
    struct anvil_counts counts;

    /* Some limit is enough: filters are told how many connections the client has. */
    bool is_limited = config->smtpd_client_connection_count_limit > 0 || config->smtpd_client_connection_rate_limit > 0
                      || config->smtpd_client_message_rate_limit > 0 || config->smtpd_client_recipient_rate_limit > 0
                      || config->smtpd_client_new_tls_session_rate_limit > 0 || config->smtpd_client_auth_rate_limit > 0;
    if (!is_limited || limits_is_excepted(session))
        return (struct verdict){0};
    const struct anvil_event event = event_of(session, ANVIL_CONNECT);
    if (!ask(session->service->limits, &event, NULL, &counts))
        return (struct verdict){0};
    session->counted = true;
    session->client_connections = counts.connections;
    const char *what = NULL;
    uint32_t count = 0;
    if (config->smtpd_client_connection_count_limit > 0
        && (int64_t)counts.connections > config->smtpd_client_connection_count_limit) {
        what = "Connection concurrency";
        count = counts.connections;
    } else if (config->smtpd_client_connection_rate_limit > 0
               && (int64_t)counts.rate > config->smtpd_client_connection_rate_limit) {
        what = "Connection rate";
        count = counts.rate;
    }
    if (what == NULL)
        return (struct verdict){0};
    log_warning("%s limit exceeded: %u from %s for service %s", what, (unsigned)count, session->client_text,
        config->service_name);
    session->trouble |= TROUBLE_POLICY;
    return VERDICT(421, "4.7.0", arena_printf(session->call, "%s Error: too many connections from %s", config->myhostname,
        session->client.address));
}

void limits_disconnect(struct session *session)
{
    struct limits *limits = session->service->limits;

    if (!session->counted || limits->channel == NULL)
        return;
    session->counted = false;
    const struct anvil_event event = event_of(session, ANVIL_DISCONNECT);
    anvil_event_send(limits->channel, &event); /* nobody waits for an answer */
    if (!ipc_flush(limits->channel, clock_deadline_s(TIMEOUT_S)))
        give_up(limits, ipc_error(limits->channel));
}

static int64_t limit_of(const struct config *config, enum limit_event event)
{
    switch (event) {
    case LIMIT_MAIL:
        return config->smtpd_client_message_rate_limit;
    case LIMIT_RCPT:
        return config->smtpd_client_recipient_rate_limit;
    case LIMIT_AUTH:
        return config->smtpd_client_auth_rate_limit;
    case LIMIT_TLS:
        return config->smtpd_client_new_tls_session_rate_limit;
    }
    return 0;
}

struct verdict limits_count(struct session *session, enum limit_event event)
{
    static const struct {
        unsigned kind;
        const char *logged;
        const char *told;
    } rows[] = {
        [LIMIT_MAIL] = { ANVIL_MAIL, "Message delivery request rate", "too much mail" },
        [LIMIT_RCPT] = { ANVIL_RCPT, "Recipient address rate", "too many recipients" },
        [LIMIT_AUTH] = { ANVIL_AUTH, "AUTH command rate", "too many AUTH commands" },
        [LIMIT_TLS] = { ANVIL_TLS, "New TLS session rate", "too many new TLS sessions" },
    };
    const struct config *config = session->config;
    int64_t limit = limit_of(config, event);
    struct anvil_counts counts;

    if (limit == 0 || limits_is_excepted(session))
        return (struct verdict){0};
    const struct anvil_event asked = event_of(session, rows[event].kind);
    if (!ask(session->service->limits, &asked, NULL, &counts) || (int64_t)counts.rate <= limit)
        return (struct verdict){0};
    log_warning("%s limit exceeded: %u from %s for service %s", rows[event].logged, (unsigned)counts.rate,
        session->client_text, config->service_name);
    session->trouble |= TROUBLE_POLICY;
    if (event == LIMIT_TLS)
        return VERDICT(421, "4.7.0", arena_printf(session->call, "%s Error: %s from %s", config->myhostname, rows[event].told,
            session->client.address));
    return VERDICT(450, "4.7.1", arena_printf(session->call, "Error: %s from %s", rows[event].told, session->client.address));
}
