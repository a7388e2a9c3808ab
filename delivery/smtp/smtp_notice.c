#include "delivery/smtp/smtp_notice.h"

#include <string.h>
#include <strings.h>

#include "qmgr/client/agent.h"
#include "util/base/text.h"

enum { TRANSCRIPT_BYTES = 32768, LINE_BYTES_SHOWN = 1024 };

bool smtp_notice_is_trouble(int code)
{
    return code < 400 || code > 599 || (code >= 500 && code < 510) || code == 555;
}

void smtp_notice_judge(struct smtp_session *session)
{
    if (smtp_notice_is_trouble(session->reply.code))
        session->broke_protocol = true;
}

void smtp_notice_record(struct smtp_session *session, const char *direction, const char *line)
{
    const struct smtp_client *client = session->client;
    size_t length = strcspn(line, "\r\n");

    if (!(client->tells_of_protocol || client->tells_of_data) || session->transcript.length > TRANSCRIPT_BYTES)
        return;
    str_put(&session->transcript, direction);
    str_put_char(&session->transcript, ' ');
    text_put_printable(&session->transcript, line, length < LINE_BYTES_SHOWN ? length : LINE_BYTES_SHOWN, '?', true);
    str_put_char(&session->transcript, '\n');
}

void smtp_notice_send(struct smtp_session *session)
{
    const struct smtp_client *client = session->client;
    struct str opening = {0};

    bool is_due = (session->broke_protocol && client->tells_of_protocol) || (session->lacked_data && client->tells_of_data);
    if (session->agent != NULL && is_due) {
        str_printf(&opening, "Unexpected response from %s.", session->relay);
        agent_notify(session->agent, &(struct agent_errors){
            .program = session->client->lmtp ? "LMTP client" : "SMTP client",
            .peer = session->relay,
            .opening = str_text(&opening),
            .transcript = str_text(&session->transcript),
        });
        str_free(&opening);
    }
    session->agent = NULL;
    session->broke_protocol = false;
    session->lacked_data = false;
    str_clear(&session->transcript);
}
