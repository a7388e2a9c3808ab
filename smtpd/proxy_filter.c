#include "smtpd/proxy_filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "smtpd/session.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/xtext.h"
#include "util/net/endpoint.h"

enum { REPLY_LINES_MAX = 100, REPLY_LINE_BYTES = 2048 };

/* The text of a local failure: the client need not know that there is a filter. */
static const struct verdict unavailable = { 451, "4.3.0", "Error: queue file write error" };

struct proxy_filter {
    const struct config *config;
    struct stream *stream;  /* NULL: not connected */
    bool is_adjusted;       /* speed_adjust */
    const char *mail;       /* in the transaction's arena */
    struct str recipients;  /* speed_adjust: commands, LF between them */
    struct str content;     /* speed_adjust: as SMTP sends it */
    bool in_line;
    bool is_lost;
    bool in_content;        /* the filter waits for the final dot */
    unsigned xforward;      /* a bit per row of the table below */
    struct str reply;       /* the latest: lines without code, LF between them */
    int code;
};

static const char *const xforward_names[] = { "NAME", "ADDR", "PORT", "HELO", "IDENT", "PROTO", "SOURCE" };

bool proxy_filter_is_wanted(const struct session *session)
{
    return *session->config->smtpd_proxy_filter != '\0';
}

/* --- replies --- */

static bool note_lost(struct proxy_filter *proxy)
{
    const char *name = proxy->config->smtpd_proxy_filter;

    if (!proxy->is_lost && stream_status(proxy->stream) == STREAM_TIMEOUT)
        log_warning("timeout talking to proxy %s", name);
    else if (!proxy->is_lost)
        log_warning("lost connection with proxy %s", name);
    proxy->is_lost = true;
    return false;
}

static void note_keywords(struct proxy_filter *proxy, const char *text)
{
    const char *word;
    size_t length;

    if (!text_starts_with_nocase(text, "XFORWARD "))
        return;
    while (text_next_word(&text, " \t", &word, &length)) {
        for (size_t i = 0; i < COUNT_OF(xforward_names); i++) {
            if (strlen(xforward_names[i]) == length && memcmp(xforward_names[i], word, length) == 0)
                proxy->xforward |= 1u << i;
        }
    }
}

/* False: the connection is of no use any more. */
static bool read_reply(struct proxy_filter *proxy, bool is_ehlo)
{
    struct str line = {0};
    bool more = true;
    bool good = true;

    str_clear(&proxy->reply);
    stream_set_deadline(proxy->stream, clock_deadline_s(proxy->config->smtpd_proxy_timeout));
    for (int count = 0; more && good; count++) {
        good = count < REPLY_LINES_MAX && stream_read_line(proxy->stream, &line, REPLY_LINE_BYTES) == STREAM_OK
            && line.length >= 3 && text_is_digit(line.data[0]) && text_is_digit(line.data[1]) && text_is_digit(line.data[2])
            && (line.length == 3 || line.data[3] == ' ' || line.data[3] == '-');
        if (!good)
            break;
        proxy->code = (line.data[0] - '0') * 100 + (line.data[1] - '0') * 10 + (line.data[2] - '0');
        const char *text = line.length > 3 ? line.data + 4 : "";
        if (count > 0)
            str_put_char(&proxy->reply, '\n');
        str_put(&proxy->reply, text);
        if (is_ehlo)
            note_keywords(proxy, text);
        more = line.length > 3 && line.data[3] == '-';
    }
    str_free(&line);
    return good || note_lost(proxy);
}

/* Sends a command and expects a reply of that class: 2 or 3. */
static bool command(struct proxy_filter *proxy, const char *line, int class)
{
    if (proxy->is_lost)
        return false;
    stream_put(proxy->stream, line);
    stream_put(proxy->stream, "\r\n");
    if (!read_reply(proxy, text_starts_with(line, "EHLO ")))
        return false;
    if (proxy->code / 100 == class)
        return true;
    log_warning("proxy %s rejected \"%s\": \"%d %s\"", proxy->config->smtpd_proxy_filter, line, proxy->code,
        str_text(&proxy->reply));
    return false;
}

/* What the filter said, for the client. "Go on" (3xx) where that can't be is no answer. */
static struct verdict answer(struct session *session, const struct proxy_filter *proxy)
{
    if (proxy->is_lost || proxy->code / 100 == 3) {
        session->trouble |= TROUBLE_RESOURCE;
        return unavailable;
    }
    return (struct verdict){ .code = proxy->code, .text = arena_copy_text(session->call, str_text(&proxy->reply)) };
}

/* The same for a command that had to succeed: "yes" to DATA doesn't, and mustn't look to the client as if it had. */
static struct verdict refusal(struct session *session, const struct proxy_filter *proxy)
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

static bool tell_client(struct session *session, struct proxy_filter *proxy)
{
    struct str line = {0};

    if (proxy->xforward == 0)
        return true;
    str_set(&line, "XFORWARD");
    for (size_t i = 0; i < COUNT_OF(xforward_names); i++) {
        if (!(proxy->xforward & 1u << i))
            continue;
        str_printf(&line, " %s=", xforward_names[i]);
        xtext_put(&line, xforward_value(session, i));
    }
    bool good = command(proxy, str_text(&line), 2);
    str_free(&line);
    return good;
}

static bool greet(struct session *session, struct proxy_filter *proxy)
{
    const struct config *config = proxy->config;

    if (!read_reply(proxy, false))
        return false;
    if (proxy->code / 100 != 2) {
        log_warning("proxy %s rejected \"connection request\": \"%d %s\"", config->smtpd_proxy_filter, proxy->code,
            str_text(&proxy->reply));
        return false;
    }
    return command(proxy, arena_printf(session->call, "EHLO %s", config->smtpd_proxy_ehlo), 2)
        && tell_client(session, proxy);
}

/* Connects and says MAIL. code 0: done. */
static struct verdict start(struct session *session, struct proxy_filter *proxy)
{
    const struct config *config = proxy->config;

    int fd = endpoint_connect(config->inet_protocols, config->smtpd_proxy_filter, config->smtpd_proxy_timeout);
    if (fd < 0) {
        session->trouble |= TROUBLE_RESOURCE;
        log_warning("connect to proxy filter %s: %s", config->smtpd_proxy_filter, strerror(errno));
        return unavailable;
    }
    proxy->stream = stream_open(fd);
    if (!greet(session, proxy))
        return unavailable;
    return command(proxy, proxy->mail, 2) ? (struct verdict){0} : refusal(session, proxy);
}

/* --- the transaction --- */

struct verdict proxy_filter_open(struct session *session)
{
    struct transaction *transaction = &session->transaction;
    struct proxy_filter *proxy = memory_new(struct proxy_filter);

    proxy->config = session->config;
    proxy->mail = transaction->mail_command;
    proxy->is_adjusted = strstr(session->config->smtpd_proxy_options, "speed_adjust") != NULL;
    struct verdict verdict = proxy->is_adjusted ? (struct verdict){0} : start(session, proxy);
    if (verdict.code != 0)
        proxy_filter_close(proxy);
    else
        transaction->proxy = proxy;
    return verdict;
}

struct verdict proxy_filter_recipient(struct session *session, const char *arguments)
{
    struct proxy_filter *proxy = session->transaction.proxy;
    const char *line = arena_printf(session->call, "RCPT %s", arguments);

    if (!proxy->is_adjusted)
        return command(proxy, line, 2) ? (struct verdict){0} : refusal(session, proxy);
    str_put(&proxy->recipients, line);
    str_put_char(&proxy->recipients, '\n');
    return (struct verdict){0};
}

struct verdict proxy_filter_data(struct session *session)
{
    struct proxy_filter *proxy = session->transaction.proxy;

    if (proxy->is_adjusted)
        return (struct verdict){0};
    proxy->in_content = command(proxy, "DATA", 3);
    return proxy->in_content ? (struct verdict){0} : refusal(session, proxy);
}

static void put(struct proxy_filter *proxy, const char *bytes, size_t length)
{
    if (proxy->is_adjusted)
        str_put_bytes(&proxy->content, bytes, length);
    else if (!proxy->is_lost)
        stream_write(proxy->stream, bytes, length);
}

void proxy_filter_text(struct proxy_filter *proxy, const char *bytes, size_t length, bool line_end)
{
    if (!proxy->is_adjusted && !proxy->in_line)
        stream_set_deadline(proxy->stream, clock_deadline_s(proxy->config->smtpd_proxy_timeout));
    if (!proxy->in_line && length > 0 && bytes[0] == '.')
        put(proxy, ".", 1);
    /* A lone CR or LF would be a line end to somebody. */
    while (length > 0) {
        size_t clean = 0;
        while (clean < length && bytes[clean] != '\r' && bytes[clean] != '\n')
            clean++;
        put(proxy, bytes, clean);
        if (clean < length)
            put(proxy, " ", 1);
        bytes += clean < length ? clean + 1 : clean;
        length -= clean < length ? clean + 1 : clean;
        proxy->in_line = true;
    }
    if (line_end)
        put(proxy, "\r\n", 2);
    proxy->in_line = proxy->in_line && !line_end;
}

/* speed_adjust: all that was put off. code 0: the filter has the content. */
static struct verdict replay(struct session *session, struct proxy_filter *proxy)
{
    const char *cursor = str_text(&proxy->recipients);
    const char *line;
    size_t length;

    struct verdict verdict = start(session, proxy);
    if (verdict.code != 0)
        return verdict;
    while (text_next_word(&cursor, "\n", &line, &length)) {
        if (!command(proxy, arena_copy_bytes(session->call, line, length), 2))
            return refusal(session, proxy);
    }
    if (!command(proxy, "DATA", 3))
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
    struct proxy_filter *proxy = session->transaction.proxy;
    struct verdict verdict = {0};

    if (proxy->in_line)
        put(proxy, "\r\n", 2);
    if (proxy->is_adjusted)
        verdict = replay(session, proxy);
    if (verdict.code == 0) {
        proxy->in_content = false;
        stream_put(proxy->stream, ".\r\n");
        (void)read_reply(proxy, false); /* answer() knows */
        verdict = answer(session, proxy);
    }
    log_end(session, &verdict);
    return verdict;
}

void proxy_filter_close(struct proxy_filter *proxy)
{
    if (proxy == NULL)
        return;
    /* In the middle of the content the filter must not take a QUIT for text, nor the text for a message. */
    if (proxy->stream != NULL && !proxy->is_lost && !proxy->in_content)
        (void)command(proxy, "QUIT", 2); /* it is over either way */
    stream_close(proxy->stream);
    str_free(&proxy->recipients);
    str_free(&proxy->content);
    str_free(&proxy->reply);
    free(proxy);
}
