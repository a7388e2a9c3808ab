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
    intake_line(session->transaction.message, str_text(line));
}

/* What could end the comment, or the header, is left out of the name. */
static void write_login(struct session *session)
{
    struct str *line = &session->scratch;

    str_set(line, "\t(Authenticated sender: ");
    for (const char *at = session->login.user; *at != '\0'; at++)
        str_put_char(line, strchr("()\\", *at) != NULL || (unsigned char)*at < ' ' || *at == 127 ? '?' : *at);
    str_put_char(line, ')');
    intake_line(session->transaction.message, str_text(line));
}

/* RFC 3848: A for a login, where the client said EHLO. */
static const char *with_protocol(struct session *session)
{
    const char *protocol = session_protocol(session);

    return session->login.method == NULL || !session->extended ? protocol : arena_printf(session->call, "%sA", protocol);
}

void received_write(struct session *session)
{
    struct transaction *transaction = &session->transaction;
    const struct config *config = session->config;
    struct str *line = &session->scratch;
    char date[DATE_TEXT_BYTES];

    for (const struct transaction_header *header = transaction->headers; header != NULL; header = header->next)
        intake_line(transaction->message, header->text);
    if (!config->smtpd_hide_client_session) {
        write_from(session);
        if (session->login.user != NULL && config->smtpd_sasl_authenticated_header)
            write_login(session);
    }
    str_clear(line);
    str_printf(line, "%sby %s (%s) with %s id %s", config->smtpd_hide_client_session ? "Received: " : "\t",
        config->myhostname, config->mail_name, with_protocol(session), intake_queue_id(transaction->message));
    bool single = transaction->recipient_count == 1;
    if (!single)
        str_put_char(line, ';');
    intake_line(transaction->message, str_text(line));
    str_clear(line);
    str_put_char(line, '\t');
    if (single) {
        str_put(line, "for <");
        address_quote(transaction->recipient, line);
        str_put(line, ">; ");
    }
    str_put(line, date_format(clock_wall_us() / 1000000, date));
    intake_line(transaction->message, str_text(line));
}
