#include "smtpd/policy/policy.h"

#include <stdlib.h>

#include "smtpd/policy/decide_dns_list.h"
#include "smtpd/policy/decide_known.h"
#include "smtpd/policy/decide_sasl.h"
#include "smtpd/policy/evaluation.h"
#include "smtpd/policy/restriction_types.h"
#include "smtpd/policy/verify_client.h"
#include "smtpd/verify/probe_sender.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/net/own_address.h"

enum table_result policy_login_owns(struct policy *policy, const char *login, const char *address)
{
    return decide_sasl_owns(policy, login, address);
}

const char *policy_stage_name(enum policy_stage stage)
{
    switch (stage) {
    case POLICY_CONNECT:
        return "CONNECT";
    case POLICY_HELO:
        return "EHLO";
    case POLICY_MAIL:
        return "MAIL";
    case POLICY_RCPT:
        return "RCPT";
    case POLICY_DATA:
        return "DATA";
    case POLICY_END_OF_MESSAGE:
        return "END-OF-MESSAGE";
    case POLICY_ETRN:
        return "ETRN";
    case POLICY_VRFY:
        return "VRFY";
    }
    return "";
}

static const struct restriction_context client_context = { "check_client_access", "Client host" };
static const struct restriction_context helo_context = { "check_helo_access", "Helo command" };
static const struct restriction_context sender_context = { "check_sender_access", "Sender address" };
static const struct restriction_context recipient_context = { "check_recipient_access", "Recipient address" };
static const struct restriction_context etrn_context = { "check_etrn_access", "Etrn command" };
static const struct restriction_context data_context = { NULL, "Data command" };
static const struct restriction_context end_of_data_context = { NULL, "End-of-data" };

static void open_lists(struct policy *policy)
{
    const struct config *config = policy->config;
    struct restriction_parser *parser = &policy->parser;

#define OPEN(member, context) restriction_list_parse(parser, #member, config->member, &context)
    policy->client = OPEN(smtpd_client_restrictions, client_context);
    policy->helo = OPEN(smtpd_helo_restrictions, helo_context);
    policy->sender = OPEN(smtpd_sender_restrictions, sender_context);
    policy->relay = OPEN(smtpd_relay_restrictions, recipient_context);
    policy->recipient = OPEN(smtpd_recipient_restrictions, recipient_context);
    policy->data = OPEN(smtpd_data_restrictions, data_context);
    policy->end_of_data = OPEN(smtpd_end_of_data_restrictions, end_of_data_context);
    policy->etrn = OPEN(smtpd_etrn_restrictions, etrn_context);
#undef OPEN
}

static void open_maps(struct policy *policy)
{
    const struct config *config = policy->config;
    unsigned flags = TABLE_FOLD | (config->smtputf8_enable ? TABLE_UTF8 : 0);

#define OPEN(member) maps_open(config, #member, config->member, flags)
    policy->relay_certificates = OPEN(relay_clientcerts);
    policy->canonical = OPEN(canonical_maps);
    policy->recipient_canonical = OPEN(recipient_canonical_maps);
    policy->virtual_alias = OPEN(virtual_alias_maps);
    policy->login_owners = OPEN(smtpd_sender_login_maps);
    policy->local_recipients = OPEN(local_recipient_maps);
    policy->relay_recipients = OPEN(relay_recipient_maps);
    policy->virtual_mailboxes = OPEN(virtual_mailbox_maps);
    policy->rbl_reply_maps = OPEN(rbl_reply_maps);
    policy->dns_filter = OPEN(smtpd_dns_reply_filter);
#undef OPEN
}

struct policy *policy_open_any(const struct config *config, struct router *router)
{
    struct policy *policy = memory_new(struct policy);

    policy->config = config;
    policy->router = router;
    policy->arena = arena_new();
    policy->parser = (struct restriction_parser){ .config = config, .arena = policy->arena,
        .find_type = restriction_types_find };
    policy->parent_matches = text_list_has_nocase(config->parent_domain_matches_subdomains, "smtpd_access_maps");
    policy->own = own_address_open(config->inet_interfaces, config->inet_protocols, config->proxy_interfaces);
    policy->mynetworks = match_list_open(config, "mynetworks", config->mynetworks);
    policy->permit_actions =
        match_list_open(config, "smtpd_log_access_permit_actions", config->smtpd_log_access_permit_actions);
    policy->permit_mx_backup_networks =
        match_list_open(config, "permit_mx_backup_networks", config->permit_mx_backup_networks);
    open_lists(policy);
    open_maps(policy);
    return policy;
}

bool policy_stops_relay(const struct policy *policy)
{
    return restriction_list_stops_relay(policy->relay) || restriction_list_stops_relay(policy->recipient);
}

/* As far as it is looked at whether strangers are stopped. False: this list stops none. */
static bool warn_of_rest(const struct restriction_list *list)
{
    if (restriction_list_stops_relay(list))
        return true;
    for (size_t i = 0; i < list->count; i++) {
        const char *ignored = restriction_list_ignored(list, i);
        if (ignored == NULL || (i > 0 && restriction_is_modifier(&list->items[i - 1])))
            continue;
        log_warning("restriction `%s' after `%s' is ignored", ignored, list->items[i].name);
        break;
    }
    return false;
}

struct policy *policy_open(const struct config *config, struct router *router)
{
    struct policy *policy = policy_open_any(config, router);

    if (!warn_of_rest(policy->recipient) && !warn_of_rest(policy->relay))
        log_fatal("in parameter smtpd_relay_restrictions or smtpd_recipient_restrictions, specify at least one working "
                  "instance of: reject_unauth_destination, defer_unauth_destination, reject, defer, defer_if_permit or "
                  "check_relay_domains");
    return policy;
}

void policy_close(struct policy *policy)
{
    if (policy == NULL)
        return;
    struct maps *maps[] = { policy->relay_certificates, policy->canonical, policy->recipient_canonical, policy->virtual_alias,
        policy->login_owners, policy->local_recipients, policy->relay_recipients, policy->virtual_mailboxes,
        policy->rbl_reply_maps, policy->dns_filter };
    for (size_t i = 0; i < COUNT_OF(maps); i++)
        maps_close(maps[i]);
    restriction_parser_close(&policy->parser);
    match_list_close(policy->mynetworks);
    match_list_close(policy->permit_actions);
    verify_client_close(policy->verify);
    match_list_close(policy->permit_mx_backup_networks);
    own_address_close(policy->own);
    arena_free(policy->arena);
    free(policy);
}

bool policy_has_changed(struct policy *policy)
{
    struct maps *maps[] = { policy->relay_certificates, policy->canonical, policy->recipient_canonical, policy->virtual_alias,
        policy->login_owners, policy->local_recipients, policy->relay_recipients, policy->virtual_mailboxes,
        policy->rbl_reply_maps, policy->dns_filter };

    for (size_t i = 0; i < COUNT_OF(maps); i++) {
        if (maps_have_changed(maps[i]))
            return true;
    }
    return restriction_parser_has_changed(&policy->parser) || match_list_has_changed(policy->mynetworks)
           || match_list_has_changed(policy->permit_mx_backup_networks);
}

static enum decision walk_on(struct evaluation *evaluation, const struct restriction_list *list, struct subject subject)
{
    if (evaluation->discarded)
        return DECISION_DUNNO;
    evaluation->subject = subject;
    evaluation->context = list->context;
    evaluation->result->restriction = NULL; /* what permitted in an earlier list doesn't matter any more */
    return evaluation_walk(evaluation, list);
}

static enum decision walk(struct evaluation *evaluation, const struct restriction_list *list, struct subject subject)
{
    evaluation->defer_if_reject = (struct verdict){0};
    return walk_on(evaluation, list, subject);
}

static enum decision walk_client(struct evaluation *evaluation)
{
    return walk(evaluation, evaluation->policy->client, evaluation_client_subject(evaluation));
}

static enum decision walk_helo(struct evaluation *evaluation)
{
    const char *helo = evaluation->facts->helo;

    if (helo == NULL)
        return DECISION_DUNNO;
    return walk(evaluation, evaluation->policy->helo, (struct subject){ SUBJECT_HELO, helo });
}

static enum decision walk_sender(struct evaluation *evaluation)
{
    const char *sender = evaluation->facts->sender;

    if (sender == NULL)
        return DECISION_DUNNO;
    enum decision decision = walk(evaluation, evaluation->policy->sender, (struct subject){ SUBJECT_SENDER, sender });
    if (decision == DECISION_REJECT || !evaluation->policy->config->smtpd_reject_unlisted_sender || evaluation->discarded)
        return decision;
    evaluation->result->list = NULL;
    evaluation->result->restriction = "smtpd_reject_unlisted_sender";
    return decide_known_sender(evaluation, NULL);
}

/* What an earlier command's restrictions left pending; at RCPT it counts as if it had come up now. */
static void take_deferrals(struct evaluation *evaluation, const struct policy_deferrals *deferrals)
{
    const struct verdict *pending[] = { &deferrals->client, &deferrals->helo, &deferrals->sender };

    for (size_t i = 0; i < COUNT_OF(pending) && evaluation->defer_if_permit.code == 0; i++)
        evaluation->defer_if_permit = *pending[i];
}

static enum decision walk_delayed(struct evaluation *evaluation, bool with_sender)
{
    if (walk_client(evaluation) == DECISION_REJECT || walk_helo(evaluation) == DECISION_REJECT)
        return DECISION_REJECT;
    return with_sender ? walk_sender(evaluation) : DECISION_DUNNO;
}

/* Turns a yes into the 4xx that somebody asked for. */
static enum decision apply_deferral(struct evaluation *evaluation)
{
    if (evaluation->defer_if_permit.code == 0 || evaluation->discarded)
        return DECISION_DUNNO;
    evaluation->result->verdict = evaluation->defer_if_permit;
    evaluation->result->list = NULL;
    evaluation->result->restriction = "defer_if_permit";
    return DECISION_REJECT;
}

/* Postmaster is there for everybody (RFC 5321 section 4.5.1), and so is the sender of our own probes: whoever probes that one in
 * turn would never be satisfied otherwise. */
static bool is_always_welcome(const struct config *config, const char *recipient)
{
    return text_equal_nocase(recipient, "postmaster") || probe_sender_is(config, recipient, clock_wall_us() / 1000000);
}

static enum decision decide_recipient(struct evaluation *evaluation, const struct policy_deferrals *deferrals)
{
    struct policy *policy = evaluation->policy;
    bool relay_first = policy->config->smtpd_relay_before_recipient_restrictions;
    struct subject subject = { SUBJECT_RECIPIENT, evaluation->facts->recipient };

    if (is_always_welcome(policy->config, evaluation->facts->recipient))
        return DECISION_DUNNO;
    if (policy->config->smtpd_delay_reject && walk_delayed(evaluation, true) == DECISION_REJECT)
        return DECISION_REJECT;
    take_deferrals(evaluation, deferrals);
    if (walk(evaluation, relay_first ? policy->relay : policy->recipient, subject) == DECISION_REJECT
        || walk_on(evaluation, relay_first ? policy->recipient : policy->relay, subject) == DECISION_REJECT
        || apply_deferral(evaluation) == DECISION_REJECT)
        return DECISION_REJECT;
    if (!policy->config->smtpd_reject_unlisted_recipient || evaluation->discarded)
        return DECISION_DUNNO;
    evaluation->result->list = NULL;
    evaluation->result->restriction = "smtpd_reject_unlisted_recipient";
    return decide_known_recipient(evaluation, NULL);
}

/* With smtpd_delay_reject = no: one list now; what it defers is kept for RCPT. */
static enum decision decide_at_once(struct evaluation *evaluation, enum decision (*walk_one)(struct evaluation *),
    struct verdict *deferral)
{
    *deferral = (struct verdict){0};
    if (evaluation->policy->config->smtpd_delay_reject)
        return DECISION_DUNNO;
    enum decision decision = walk_one(evaluation);
    *deferral = evaluation->defer_if_permit;
    return decision;
}

static enum decision decide_etrn(struct evaluation *evaluation, const struct policy_deferrals *deferrals)
{
    struct policy *policy = evaluation->policy;

    if (policy->config->smtpd_delay_reject && walk_delayed(evaluation, false) == DECISION_REJECT)
        return DECISION_REJECT;
    take_deferrals(evaluation, deferrals);
    if (walk(evaluation, policy->etrn, (struct subject){ SUBJECT_ETRN, evaluation->facts->etrn_domain })
        == DECISION_REJECT)
        return DECISION_REJECT;
    return apply_deferral(evaluation);
}

static enum decision decide_list(struct evaluation *evaluation, const struct restriction_list *list,
    enum subject_class class, const char *name)
{
    if (walk(evaluation, list, (struct subject){ class, name }) == DECISION_REJECT)
        return DECISION_REJECT;
    return apply_deferral(evaluation);
}

static enum decision decide(struct evaluation *evaluation, struct policy_deferrals *deferrals)
{
    struct policy *policy = evaluation->policy;

    switch (evaluation->facts->stage) {
    case POLICY_CONNECT:
        return decide_at_once(evaluation, walk_client, &deferrals->client);
    case POLICY_HELO:
        return decide_at_once(evaluation, walk_helo, &deferrals->helo);
    case POLICY_MAIL:
        return decide_at_once(evaluation, walk_sender, &deferrals->sender);
    case POLICY_RCPT:
        return decide_recipient(evaluation, deferrals);
    case POLICY_DATA:
        return decide_list(evaluation, policy->data, SUBJECT_DATA, "DATA");
    case POLICY_END_OF_MESSAGE:
        return decide_list(evaluation, policy->end_of_data, SUBJECT_END_OF_MESSAGE, "END-OF-MESSAGE");
    case POLICY_ETRN:
        return decide_etrn(evaluation, deferrals);
    case POLICY_VRFY: /* what RCPT would be told */
        return decide_recipient(evaluation, deferrals);
    }
    return DECISION_DUNNO;
}

void policy_decide(struct policy *policy, const struct policy_facts *facts, struct policy_deferrals *deferrals,
    struct arena *arena, struct policy_result *result)
{
    struct evaluation evaluation = { .policy = policy, .facts = facts, .arena = arena, .result = result,
        .ask_ahead = decide_dns_list_ask };

    *result = (struct policy_result){0};
    evaluation.last_note = &result->notes;
    if (decide(&evaluation, deferrals) != DECISION_REJECT)
        result->verdict = (struct verdict){0};
}
