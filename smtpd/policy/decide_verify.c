#include "smtpd/policy/decide_verify.h"

#include "smtpd/policy/verify_client.h"
#include "util/base/text.h"

/* How the two restrictions differ. */
struct way {
    struct subject subject;
    const char *status;
    int reject_code;
    int defer_code;
    const char *reason;          /* what the client is told instead of what the probe found */
    const char *tempfail_action;
};

static enum decision fail_for_now(struct evaluation *evaluation, const struct way *way, int code, const char *detail)
{
    if (code < 400)
        return DECISION_DUNNO;
    if (text_equal_nocase(way->tempfail_action, "defer"))
        return evaluation_reject(evaluation, code, way->status, &way->subject, detail);
    evaluation_defer_if_permit(evaluation, code, way->status, &way->subject, detail);
    return DECISION_DUNNO;
}

static enum decision judge(struct evaluation *evaluation, const struct way *way)
{
    struct policy *policy = evaluation->policy;
    enum verify_state state;
    const char *why;

    const struct route *route = evaluation_route(evaluation, way->subject.class);
    if (route == NULL)
        return evaluation_route_failure(evaluation, way->subject.class);
    if (policy->verify == NULL)
        policy->verify = verify_client_open(policy->config);
    if (!verify_client_ask(policy->verify, route->recipient, evaluation->arena, &state, &why))
        return fail_for_now(evaluation, way, way->defer_code, "unverified address: Address verification problem");
    if (state == VERIFY_OK)
        return DECISION_DUNNO;
    bool is_certain = state == VERIFY_BOUNCE && way->reject_code >= 500;
    const char *detail = arena_printf(evaluation->arena, "%s address: %s", is_certain ? "undeliverable" : "unverified",
        *way->reason != '\0' ? way->reason : why);
    if (!is_certain)
        return fail_for_now(evaluation, way, state == VERIFY_BOUNCE ? way->reject_code : way->defer_code, detail);
    return evaluation_reject(evaluation, way->reject_code, way->status, &way->subject, detail);
}

enum decision decide_verify_sender(struct evaluation *evaluation, const struct restriction *restriction)
{
    const struct config *config = evaluation->policy->config;
    const char *sender = evaluation->facts->sender;

    if (sender == NULL || *sender == '\0')
        return DECISION_DUNNO;
    const struct way way = { .subject = { SUBJECT_SENDER, sender }, .status = "4.1.7",
        .reject_code = (int)config->unverified_sender_reject_code, .defer_code = (int)config->unverified_sender_defer_code,
        .reason = config->unverified_sender_reject_reason, .tempfail_action = config->unverified_sender_tempfail_action };
    return judge(evaluation, &way);
}

enum decision decide_verify_recipient(struct evaluation *evaluation, const struct restriction *restriction)
{
    const struct config *config = evaluation->policy->config;
    const char *recipient = evaluation->facts->recipient;

    if (recipient == NULL || *recipient == '\0')
        return DECISION_DUNNO;
    const struct way way = { .subject = { SUBJECT_RECIPIENT, recipient }, .status = "4.1.1",
        .reject_code = (int)config->unverified_recipient_reject_code,
        .defer_code = (int)config->unverified_recipient_defer_code,
        .reason = config->unverified_recipient_reject_reason,
        .tempfail_action = config->unverified_recipient_tempfail_action };
    return judge(evaluation, &way);
}
