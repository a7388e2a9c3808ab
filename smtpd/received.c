#include "smtpd/received.h"

#include <string.h>

#include "smtpd/session.h"
#include "util/base/clock.h"
#include "util/mail/address.h"
#include "util/mail/date.h"

/* The client, as a comment beside the name it gave. */
static void write_from(struct session *session)
{
    const struct client_name *client = &session->client;
    bool is_ipv6 = strchr(client->address, ':') != NULL;
    struct str *line = &session->scratch;

    str_clear(line);
    str_printf(line, "Received: from %s (%s [%s%s])", session->helo != NULL ? session->helo : client->name, client->name,
        is_ipv6 ? "IPv6:" : "", client->address);
    transaction_line(&session->transaction, str_text(line));
}

/* What could end the comment, or the header, is left out of the name. */
static void write_login(struct session *session)
{
    struct str *line = &session->scratch;

    str_set(line, "\t(Authenticated sender: ");
    for (const char *at = session->login.user; *at != '\0'; at++)
        str_put_char(line, strchr("()\\", *at) != NULL || (unsigned char)*at < ' ' || *at == 127 ? '?' : *at);
    str_put_char(line, ')');
    transaction_line(&session->transaction, str_text(line));
}

/* RFC 3848: S for TLS, A for a login; there is no SMTPS. RFC 6531: UTF8SMTP. */
static const char *with_protocol(struct session *session)
{
    bool secure = session->tls != NULL;
    bool is_known = session->login.method != NULL && (secure || session->extended);
    bool is_utf8 = (session->transaction.parameters.flags & ENVELOPE_SMTPUTF8) != 0;
    const char *protocol = is_utf8 ? "UTF8SMTP" : session_protocol(session);

    return !secure && !is_known ? protocol : arena_printf(session->call, "%s%s%s", protocol, secure ? "S" : "",
        is_known ? "A" : "");
}

static void write_line(struct session *session, const char *text)
{
    str_set(&session->scratch, text);
    transaction_line(&session->transaction, str_text(&session->scratch));
}

/* What comes from the client's certificate must not end the comment. */
static const char *harmless(struct session *session, const char *text)
{
    char *copy = arena_copy_text(session->call, text);

    for (char *at = copy; *at != '\0'; at++) {
        if (strchr("()\\\"", *at) != NULL || (unsigned char)*at < ' ' || *at == 127)
            *at = '?';
    }
    return copy;
}

/* smtpd_tls_received_header */
static void write_tls(struct session *session)
{
    const struct tls_facts *facts = tls_facts(session->tls);
    struct arena *arena = session->call;
    bool more = *facts->client_signature != '\0';

    write_line(session, arena_printf(arena, "\t(using %s with cipher %s (%d/%d bits)%s", facts->protocol, facts->cipher,
        facts->cipher_bits, facts->cipher_total_bits, *facts->key_exchange == '\0' ? ")" : ""));
    if (*facts->key_exchange != '\0')
        write_line(session, arena_printf(arena, "\t %s%s", facts->key_exchange, more ? "" : ")"));
    if (more)
        write_line(session, arena_printf(arena, "\t %s)", facts->client_signature));
    if (facts->has_certificate)
        write_line(session, arena_printf(arena, "\t(Client CN \"%s\", Issuer \"%s\" (%s))", harmless(session, facts->subject),
            harmless(session, facts->issuer), facts->trust >= TLS_TRUSTED ? "verified OK" : "not verified"));
    else if (session->config->smtpd_tls_ask_ccert || session->config->smtpd_tls_req_ccert)
        write_line(session, "\t(Client did not present a certificate)");
    else
        write_line(session, "\t(No client certificate requested)");
}

void received_write(struct session *session)
{
    struct transaction *transaction = &session->transaction;
    const struct config *config = session->config;
    struct str *line = &session->scratch;
    char date[DATE_TEXT_BYTES];

    for (const struct transaction_header *header = transaction->headers; header != NULL; header = header->next)
        transaction_line(&session->transaction, header->text);
    if (!config->smtpd_hide_client_session) {
        write_from(session);
        if (session->tls != NULL && config->smtpd_tls_received_header)
            write_tls(session);
        if (session->login.user != NULL && config->smtpd_sasl_authenticated_header)
            write_login(session);
    }
    str_clear(line);
    str_printf(line, "%sby %s (%s) with %s%s%s", config->smtpd_hide_client_session ? "Received: " : "\t",
        config->myhostname, config->mail_name, with_protocol(session),
        transaction->message == NULL ? "" : " id ", transaction->message == NULL ? "" : intake_queue_id(transaction->message));
    bool single = transaction->recipient_count == 1;
    if (!single)
        str_put_char(line, ';');
    transaction_line(&session->transaction, str_text(line));
    str_clear(line);
    str_put_char(line, '\t');
    if (single) {
        str_put(line, "for <");
        address_quote(transaction->recipient, line);
        str_put(line, ">; ");
    }
    str_put(line, date_format(clock_wall_us() / 1000000, date));
    transaction_line(&session->transaction, str_text(line));
}
