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

void received_write(struct session *session)
{
    struct transaction *transaction = &session->transaction;
    const struct config *config = session->config;
    struct str *line = &session->scratch;
    char date[DATE_TEXT_BYTES];

    for (const struct transaction_header *header = transaction->headers; header != NULL; header = header->next)
        intake_line(transaction->message, header->text);
    if (!config->smtpd_hide_client_session)
        write_from(session);
    str_clear(line);
    str_printf(line, "%sby %s (%s) with %s id %s", config->smtpd_hide_client_session ? "Received: " : "\t",
        config->myhostname, config->mail_name, session_protocol(session), intake_queue_id(transaction->message));
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
