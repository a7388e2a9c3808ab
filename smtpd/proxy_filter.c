#include "smtpd/proxy_filter.h"

#include <errno.h>
#include <string.h>

#include "smtpd/proxy_link.h"
#include "smtpd/session.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/xtext.h"
#include "util/net/endpoint.h"

/* The text of a local failure: the client need not know that there is a filter. */
static const struct verdict unavailable = { 451, "4.3.0", "Error: queue file write error" };

bool proxy_filter_is_wanted(const struct session *session)
{
    return *session->config->smtpd_proxy_filter != '\0';
}

/* What the filter said, for the client. "Go on" (3xx) where that can't be is no answer. */
static struct verdict answer(struct session *session, const struct proxy_link *proxy)
{
    if (proxy->is_lost || proxy->code / 100 == 3) {
        session->trouble |= TROUBLE_RESOURCE;
        return unavailable;
    }
    return (struct verdict){ .code = proxy->code, .text = arena_copy_text(session->call, str_text(&proxy->reply)) };
}

/* The same for a command that had to succeed: "yes" to DATA doesn't, and mustn't look to the client as if it had. */
static struct verdict refusal(struct session *session, const struct proxy_link *proxy)
{
    if (proxy->is_lost || proxy->code >= 400)
        return answer(session, proxy);
    session->trouble |= TROUBLE_RESOURCE;
    return unavailable;
}

/* --- the handshake --- */

static const char *xforward_value(struct session *session, size_t row)
{
    const struct transaction_forwarded *forwarded = &session->transaction.forwarded;
    const char *own[] = { session->client.name, session->client.address, session->client.port,
        session->helo == NULL ? "" : session->helo, "", session_protocol(session) };
    const char *told[] = { forwarded->name, forwarded->address, forwarded->port, forwarded->helo, forwarded->ident,
        forwarded->protocol };

    if (row == COUNT_OF(own)) {
        bool is_local = forwarded->has_source ? forwarded->is_local : session->context == REWRITE_LOCAL;
        return is_local ? "LOCAL" : "REMOTE";
    }
    const char *value = forwarded->is_set ? told[row] : own[row];
    return value == NULL || *value == '\0' || text_equal(value, CLIENT_NAME_UNKNOWN) ? "[UNAVAILABLE]" : value;
}

static bool tell_client(struct session *session, struct proxy_link *proxy)
{
    struct str line = {0};

    if (proxy->xforward == 0)
        return true;
    str_set(&line, "XFORWARD");
    for (size_t i = 0; i < PROXY_LINK_XFORWARD_KINDS; i++) {
        if (!(proxy->xforward & 1u << i))
            continue;
        str_printf(&line, " %s=", proxy_link_xforward_names[i]);
        xtext_put(&line, xforward_value(session, i));
    }
    bool good = proxy_link_command(proxy, str_text(&line), 2);
    str_free(&line);
    return good;
}

static bool greet(struct session *session, struct proxy_link *proxy)
{
    const struct config *config = proxy->config;

    if (!proxy_link_read_reply(proxy, false))
        return false;
    if (proxy->code / 100 != 2) {
        log_warning("proxy %s rejected \"connection request\": \"%d %s\"", config->smtpd_proxy_filter, proxy->code,
            str_text(&proxy->reply));
        return false;
    }
    return proxy_link_command(proxy, arena_printf(session->call, "EHLO %s", config->smtpd_proxy_ehlo), 2)
        && tell_client(session, proxy);
}

/* Connects and says MAIL. code 0: done. */
static struct verdict start(struct session *session, struct proxy_link *proxy)
{
    const struct config *config = proxy->config;

    int fd = endpoint_connect(config->inet_protocols, config->smtpd_proxy_filter, config->smtpd_proxy_timeout);
    if (fd < 0) {
        session->trouble |= TROUBLE_RESOURCE;
        log_warning("connect to proxy filter %s: %s", config->smtpd_proxy_filter, strerror(errno));
        return unavailable;
    }
    proxy->stream = stream_open(fd);
    if (!greet(session, proxy)) {
        session->trouble |= proxy->is_lost ? TROUBLE_RESOURCE : 0;
        return unavailable;
    }
    return proxy_link_command(proxy, proxy->mail, 2) ? (struct verdict){0} : refusal(session, proxy);
}

/* --- the transaction --- */

struct verdict proxy_filter_open(struct session *session)
{
    struct transaction *transaction = &session->transaction;
    struct proxy_link *proxy = memory_new(struct proxy_link);

    proxy->config = session->config;
    proxy->mail = transaction->mail_command;
    proxy->is_adjusted = strstr(session->config->smtpd_proxy_options, "speed_adjust") != NULL;
    struct verdict verdict = proxy->is_adjusted ? (struct verdict){0} : start(session, proxy);
    if (verdict.code != 0)
        proxy_link_close(proxy);
    else
        transaction->proxy = proxy;
    return verdict;
}

struct verdict proxy_filter_recipient(struct session *session, const char *arguments)
{
    struct proxy_link *proxy = session->transaction.proxy;
    const char *line = arena_printf(session->call, "RCPT %s", arguments);

    if (!proxy->is_adjusted)
        return proxy_link_command(proxy, line, 2) ? (struct verdict){0} : refusal(session, proxy);
    str_put(&proxy->recipients, line);
    str_put_char(&proxy->recipients, '\n');
    return (struct verdict){0};
}

struct verdict proxy_filter_data(struct session *session)
{
    struct proxy_link *proxy = session->transaction.proxy;

    if (proxy->is_adjusted)
        return (struct verdict){0};
    proxy->in_content = proxy_link_command(proxy, "DATA", 3);
    return proxy->in_content ? (struct verdict){0} : refusal(session, proxy);
}

/* speed_adjust: all that was put off. code 0: the filter has the content. */
static struct verdict replay(struct session *session, struct proxy_link *proxy)
{
    const char *cursor = str_text(&proxy->recipients);
    const char *line;
    size_t length;

    struct verdict verdict = start(session, proxy);
    if (verdict.code != 0)
        return verdict;
    while (text_next_word(&cursor, "\n", &line, &length)) {
        if (!proxy_link_command(proxy, arena_copy_bytes(session->call, line, length), 2))
            return refusal(session, proxy);
    }
    if (!proxy_link_command(proxy, "DATA", 3))
        return refusal(session, proxy);
    proxy->in_content = true;
    stream_write(proxy->stream, str_text(&proxy->content), proxy->content.length);
    return (struct verdict){0};
}

static void log_end(struct session *session, const struct verdict *verdict)
{
    const struct transaction *transaction = &session->transaction;
    struct str line = {0};

    str_printf(&line, "proxy-%s: END-OF-MESSAGE: %d %s%s%s; from=<%s>", verdict->code < 400 ? "accept" : "reject",
        verdict->code, verdict->status, verdict->status[0] == '\0' ? "" : " ", verdict->text, transaction->sender);
    if (transaction->recipient != NULL)
        str_printf(&line, " to=<%s>", transaction->recipient);
    str_printf(&line, " proto=%s", session_protocol(session));
    if (session->helo != NULL)
        str_printf(&line, " helo=<%s>", session->helo);
    log_info("%s", str_text(&line));
    str_free(&line);
}

struct verdict proxy_filter_end(struct session *session)
{
    struct proxy_link *proxy = session->transaction.proxy;
    struct verdict verdict = {0};

    proxy_link_end_line(proxy);
    if (proxy->is_adjusted)
        verdict = replay(session, proxy);
    if (verdict.code == 0) {
        proxy->in_content = false;
        stream_put(proxy->stream, ".\r\n");
        (void)proxy_link_read_reply(proxy, false); /* answer() knows */
        verdict = answer(session, proxy);
    }
    log_end(session, &verdict);
    return verdict;
}
