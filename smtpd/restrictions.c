#include "smtpd/restrictions.h"

#include <stdlib.h>
#include <unistd.h>

#include "smtpd/facts.h"
#include "util/base/memory.h"

static const char *stage_name(const struct session *session, enum policy_stage stage)
{
    bool varies = stage == POLICY_CONNECT || stage == POLICY_HELO || stage == POLICY_DATA; /* XCLIENT, HELO, BDAT */

    return varies ? session->where : policy_stage_name(stage);
}

static const char *note_label(enum policy_note_kind kind)
{
    switch (kind) {
    case POLICY_NOTE_REJECT_WARNING:
        return "reject_warning";
    case POLICY_NOTE_WARN:
        return "warn";
    case POLICY_NOTE_INFO:
        return "info";
    case POLICY_NOTE_PERMIT:
        return "permit";
    case POLICY_NOTE_HOLD:
        return "hold";
    case POLICY_NOTE_DISCARD:
        return "discard";
    case POLICY_NOTE_FILTER:
        return "filter";
    case POLICY_NOTE_REDIRECT:
        return "redirect";
    case POLICY_NOTE_BCC:
        return "bcc";
    case POLICY_NOTE_PREPEND:
    case POLICY_NOTE_SLEEP:
        break;
    }
    return NULL;
}

static void apply_note(struct session *session, const struct policy_note *note)
{
    struct transaction *transaction = &session->transaction;

    switch (note->kind) {
    case POLICY_NOTE_HOLD:
        transaction->hold = true;
        break;
    case POLICY_NOTE_DISCARD:
        transaction->discard = true;
        break;
    case POLICY_NOTE_FILTER:
        transaction->filter = arena_copy_text(transaction->arena, note->value);
        break;
    case POLICY_NOTE_REDIRECT:
        transaction->redirect = arena_copy_text(transaction->arena, note->value);
        break;
    case POLICY_NOTE_BCC:
        transaction_add_text(transaction, &transaction->bcc, note->value);
        break;
    case POLICY_NOTE_PREPEND:
        transaction_add_text(transaction, &transaction->headers, note->value);
        break;
    case POLICY_NOTE_SLEEP:
        (void)stream_flush(session->stream); /* a failure shows at the next read */
        (void)sleep((unsigned)strtoul(note->value, NULL, 10)); /* a signal may cut it short */
        break;
    case POLICY_NOTE_REJECT_WARNING:
    case POLICY_NOTE_WARN:
    case POLICY_NOTE_INFO:
    case POLICY_NOTE_PERMIT:
        break;
    }
}

/* A deferral outlives the command that it came up in; its text is in the memory of that command. */
static void keep_deferrals(struct session *session, enum policy_stage stage)
{
    struct verdict *verdicts[] = { &session->deferrals.client, &session->deferrals.helo, &session->deferrals.sender };
    size_t which = (size_t)stage - POLICY_CONNECT;

    if (which >= COUNT_OF(verdicts) || verdicts[which]->code == 0)
        return;
    str_set(&session->deferral_texts[which], verdicts[which]->text);
    verdicts[which]->text = str_text(&session->deferral_texts[which]);
}

struct verdict restrictions_ask(struct session *session, enum policy_stage stage, const char *recipient, const char *etrn_domain)
{
    const struct transaction *transaction = &session->transaction;
    const char *sender = stage == POLICY_ETRN ? NULL : transaction->sender;
    const char *name = stage_name(session, stage);
    const struct policy_session details = facts_of_session(session, stage, name);
    /* Envelope addresses are always completed by our own domain, whoever sends them. */
    const struct policy_facts facts = { .stage = stage, .client = &session->client,
        .client_text = session->client_text, .context = REWRITE_LOCAL,
        .helo = session->helo, .sender = sender, .recipient = recipient, .recipient_count = transaction->recipient_count,
        .etrn_domain = etrn_domain, .pipelined_early = session->pipelined_early,
        .tls = session->tls == NULL ? NULL : tls_facts(session->tls),
        .encrypted = session->encrypted, .sasl_user = session->login.user, .dns_lists = &session->dns_lists,
        .session = &details };
    struct policy_result result;

    if (transaction->discard) /* it goes nowhere; who sends it shall not notice */
        return (struct verdict){0};
    policy_decide(session->service->policy, &facts, &session->deferrals, session->call, &result);
    keep_deferrals(session, stage);
    for (const struct policy_note *note = result.notes; note != NULL; note = note->next) {
        const char *label = note_label(note->kind);
        if (label != NULL && !(note->kind == POLICY_NOTE_HOLD && transaction->hold))
            session_log_action(session, label, name, note->text, recipient);
        apply_note(session, note);
    }
    if (result.verdict.code == 0)
        return result.verdict;
    session->trouble |= result.server_problem ? TROUBLE_SOFTWARE
        : result.lacks_data                   ? TROUBLE_DATA
        : result.unknown_address              ? TROUBLE_BOUNCE
                                              : TROUBLE_POLICY;
    session->quit = session->quit || result.ends_session;
    session_log_reject(session, &result.verdict, name, recipient);
    return result.verdict;
}
