#include "smtpd/policy/decide_sasl.h"

#include "smtpd/policy/decide_access.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/address_find.h"
#include "util/mail/rewrite.h"

/* Without AUTH nobody can be logged in, and whoever wrote the restriction should know. */
static bool is_supported(struct evaluation *evaluation, const char *name)
{
    if (evaluation->policy->config->smtpd_sasl_auth_enable)
        return true;
    log_warning("restriction `%s' ignored: no SASL support", name);
    return false;
}

enum decision decide_sasl_permit(struct evaluation *evaluation, const struct restriction *restriction)
{
    bool is_on = evaluation->policy->config->smtpd_sasl_auth_enable; /* XCLIENT may have told a login all the same */

    return is_on && evaluation->facts->sasl_user != NULL ? DECISION_PERMIT : DECISION_DUNNO;
}

enum decision decide_sasl_access(struct evaluation *evaluation, const struct restriction *restriction)
{
    return is_supported(evaluation, restriction->name) ? decide_access_login(evaluation, restriction) : DECISION_DUNNO;
}

static bool is_local(void *context, const char *domain)
{
    const struct policy *policy = context;

    return text_equal_nocase(domain, policy->config->myorigin) || router_is_local(policy->router, domain);
}

/* The logins that own the address, appended to *owners. */
static enum table_result find_owners(struct policy *policy, const char *address, struct str *owners)
{
    const struct address_find how = { .maps = policy->login_owners, .delimiters = policy->config->recipient_delimiter,
        .owner_special = policy->config->owner_request_special, .forms = FIND_ALL, .domain_is_local = is_local,
        .context = policy };

    if (maps_is_empty(policy->login_owners))
        return TABLE_ABSENT;
    return address_find(&how, address, owners, NULL, NULL);
}

enum table_result decide_sasl_owns(struct policy *policy, const char *login, const char *address)
{
    struct str owners = {0};
    enum table_result result = find_owners(policy, address, &owners);

    if (result == TABLE_FOUND && !text_list_has_nocase(str_text(&owners), login))
        result = TABLE_ABSENT;
    str_free(&owners);
    return result;
}

static enum decision reject(struct evaluation *evaluation, const char *why)
{
    const struct subject sender = { SUBJECT_SENDER, evaluation->facts->sender };

    return evaluation_reject(evaluation, 553, "5.7.1", &sender, why);
}

/* What is wrong with this login using that address. known_only: an address that nobody owns is free for all. */
static enum decision judge(struct evaluation *evaluation, enum table_result result, const char *owners, bool known_only)
{
    const char *user = evaluation->facts->sasl_user;

    if (result == TABLE_FAILED)
        return evaluation_lookup_failure(evaluation, SUBJECT_SENDER, evaluation->facts->sender);
    if (user == NULL)
        return result == TABLE_FOUND ? reject(evaluation, "not logged in") : DECISION_DUNNO;
    if ((result == TABLE_ABSENT && known_only) || (result == TABLE_FOUND && text_list_has_nocase(owners, user)))
        return DECISION_DUNNO;
    return reject(evaluation, arena_printf(evaluation->arena, "not owned by user %s", user));
}

static enum decision check(struct evaluation *evaluation, bool known_only)
{
    const char *sender = evaluation->facts->sender;
    struct str standard = {0};
    struct str owners = {0};

    if (sender == NULL || *sender == '\0')
        return DECISION_DUNNO;
    rewrite_address(evaluation->policy->config, evaluation->facts->context, sender, &standard);
    enum table_result result = find_owners(evaluation->policy, str_text(&standard), &owners);
    str_free(&standard);
    enum decision decision = judge(evaluation, result, str_text(&owners), known_only);
    str_free(&owners);
    return decision;
}

enum decision decide_sasl_mismatch_authenticated(struct evaluation *evaluation, const struct restriction *restriction)
{
    if (!is_supported(evaluation, "reject_authenticated_sender_login_mismatch") || evaluation->facts->sasl_user == NULL)
        return DECISION_DUNNO;
    return check(evaluation, false);
}

enum decision decide_sasl_mismatch_stranger(struct evaluation *evaluation, const struct restriction *restriction)
{
    if (!is_supported(evaluation, "reject_unauthenticated_sender_login_mismatch") || evaluation->facts->sasl_user != NULL)
        return DECISION_DUNNO;
    return check(evaluation, false);
}

enum decision decide_sasl_mismatch(struct evaluation *evaluation, const struct restriction *restriction)
{
    enum decision decision = decide_sasl_mismatch_authenticated(evaluation, restriction);

    return decision != DECISION_DUNNO ? decision : decide_sasl_mismatch_stranger(evaluation, restriction);
}

enum decision decide_sasl_mismatch_known(struct evaluation *evaluation, const struct restriction *restriction)
{
    return is_supported(evaluation, restriction->name) ? check(evaluation, true) : DECISION_DUNNO;
}
