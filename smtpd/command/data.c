/* DATA (RFC 5321 section 4.1.1.4). */
#include "smtpd/command.h"
#include "smtpd/message.h"
#include "smtpd/milter_stage.h"
#include "smtpd/proxy_filter.h"
#include "smtpd/reply.h"
#include "smtpd/restrictions.h"
#include "smtpd/session.h"

struct verdict command_data(struct session *session, const char *arguments)
{
    struct transaction *transaction = &session->transaction;

    if (*arguments != '\0')
        return VERDICT(501, "5.5.4", "Syntax: DATA");
    struct verdict verdict = restrictions_ask(session, POLICY_DATA,
        transaction->recipient_count == 1 ? transaction->recipient : NULL, NULL);
    if (verdict.code != 0)
        return verdict;
    verdict = milter_stage_data(session);
    if (verdict.code != 0)
        return verdict;
    if (!message_is_open(session))
        return VERDICT(503, "5.5.1", "Error: need RCPT command");
    if (transaction->proxy != NULL)
        verdict = proxy_filter_data(session);
    if (verdict.code != 0)
        return verdict;
    reply_send(session, VERDICT(354, "", "End data with <CR><LF>.<CR><LF>"));
    message_start_content(session);
    transaction->at_start = true;
    if (framing_read_data(&transaction->framing, session->stream) != STREAM_OK) {
        session->where = arena_printf(session->arena, "DATA (%llu bytes)",
            (unsigned long long)transaction->framing.size_bytes);
        return (struct verdict){0};
    }
    session->where = "END-OF-MESSAGE";
    return message_end(session, false);
}
