#include "smtpd/policy/decide_plain.h"


enum decision decide_plain_permit(struct evaluation *evaluation, const struct restriction *restriction)
{
    return DECISION_PERMIT;
}

enum decision decide_plain_nothing(struct evaluation *evaluation, const struct restriction *restriction)
{
    return DECISION_DUNNO;
}

enum decision decide_plain_reject(struct evaluation *evaluation, const struct restriction *restriction)
{
    return evaluation_reject(evaluation, (int)evaluation->policy->config->reject_code, "5.7.1", &evaluation->subject,
        "Access denied");
}

enum decision decide_plain_defer(struct evaluation *evaluation, const struct restriction *restriction)
{
    return evaluation_reject(evaluation, (int)evaluation->policy->config->defer_code, "4.3.2", &evaluation->subject,
        "Try again later");
}

enum decision decide_plain_defer_if_permit(struct evaluation *evaluation, const struct restriction *restriction)
{
    evaluation_defer_if_permit(evaluation, 450, "4.7.0", &evaluation->subject, "defer_if_permit requested");
    return DECISION_DUNNO;
}

enum decision decide_plain_defer_if_reject(struct evaluation *evaluation, const struct restriction *restriction)
{
    evaluation_defer_if_reject(evaluation, 450, "4.7.0", &evaluation->subject, "defer_if_reject requested");
    return DECISION_DUNNO;
}

enum decision decide_plain_sleep(struct evaluation *evaluation, const struct restriction *restriction)
{
    evaluation_note(evaluation, POLICY_NOTE_SLEEP, "", restriction->argument);
    return DECISION_DUNNO;
}

enum decision decide_plain_pipelining(struct evaluation *evaluation, const struct restriction *restriction)
{
    if (!evaluation->facts->pipelined_early)
        return DECISION_DUNNO;
    return evaluation_reject(evaluation, 503, "5.5.0", &evaluation->subject, "Improper use of SMTP command pipelining");
}

enum decision decide_plain_bounce(struct evaluation *evaluation, const struct restriction *restriction)
{
    const struct policy_facts *facts = evaluation->facts;

    if (facts->sender == NULL || facts->sender[0] != '\0' || facts->recipient_count < 2)
        return DECISION_DUNNO;
    return evaluation_reject(evaluation, (int)evaluation->policy->config->multi_recipient_bounce_reject_code, "5.5.3",
        &evaluation->subject, "Multi-recipient bounce");
}

enum decision decide_plain_plaintext(struct evaluation *evaluation, const struct restriction *restriction)
{
    if (evaluation->facts->encrypted)
        return DECISION_DUNNO;
    return evaluation_reject_text(evaluation, (int)evaluation->policy->config->plaintext_reject_code, "4.7.1",
        evaluation->subject.class, "Session encryption is required");
}
