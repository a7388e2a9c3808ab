#include "smtpd/rehearse/rehearsal.h"

struct verdict rehearsal_step(struct rehearsal *rehearsal, enum policy_stage stage, const char *recipient)
{
    const struct policy_session session = { .state = policy_stage_name(stage), .protocol = "ESMTP", .server_address = "",
        .server_port = "", .queue_id = "", .instance = "", .sasl_method = rehearsal->login == NULL ? "" : "PLAIN",
        .sasl_user = rehearsal->login };
    const struct policy_facts facts = { .stage = stage, .client = &rehearsal->client,
        .client_text = arena_printf(rehearsal->arena, "%s[%s]", rehearsal->client.name, rehearsal->client.address),
        .context = REWRITE_LOCAL, .helo = stage == POLICY_CONNECT ? NULL : rehearsal->helo,
        .sender = stage < POLICY_MAIL ? NULL : rehearsal->sender,
        .recipient = stage > POLICY_RCPT ? (rehearsal->recipient_count == 1 ? rehearsal->recipient : NULL) : recipient,
        .recipient_count = rehearsal->recipient_count, .encrypted = rehearsal->encrypted,
        .sasl_user = stage < POLICY_MAIL ? NULL : rehearsal->login, .session = &session,
        .probe = &rehearsal->trace.probe };

    trace_start(&rehearsal->trace, rehearsal->arena);
    policy_decide(rehearsal->view->policy, &facts, &rehearsal->deferrals, rehearsal->arena, &rehearsal->result);
    if (stage == POLICY_RCPT && rehearsal->result.verdict.code == 0 && rehearsal->recipient_count++ == 0)
        rehearsal->recipient = recipient;
    return rehearsal->result.verdict;
}
