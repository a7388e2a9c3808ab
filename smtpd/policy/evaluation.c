#include "smtpd/policy/evaluation.h"

#include <string.h>

#include "smtpd/policy/policy_probe.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/table/dns_filter.h"

enum { MAX_DEPTH = 200 };

const char *evaluation_class_name(enum subject_class class)
{
    switch (class) {
    case SUBJECT_CLIENT:
        return "Client host";
    case SUBJECT_REVERSE_CLIENT:
        return "Unverified Client host";
    case SUBJECT_CERTIFICATE:
        return "Client certificate";
    case SUBJECT_HELO:
        return "Helo command";
    case SUBJECT_SENDER:
        return "Sender address";
    case SUBJECT_RECIPIENT:
        return "Recipient address";
    case SUBJECT_ETRN:
        return "Etrn command";
    case SUBJECT_DATA:
        return "Data command";
    case SUBJECT_END_OF_MESSAGE:
        return "End-of-data";
    case SUBJECT_LOGIN:
        return "SASL login name";
    }
    return "";
}

struct subject evaluation_client_subject(const struct evaluation *evaluation)
{
    return (struct subject){ SUBJECT_CLIENT, evaluation->facts->client_text };
}

/* access(5), "ENHANCED STATUS CODES": one table may serve senders, recipients and hosts, so address codes are turned into
 * their counterparts. */
static void fit_address_status(char status[12], enum subject_class class)
{
    static const char sender[] = "0787707780"; /* index: recipient's or sender's detail 0..9 */
    static const char recipient[] = "0123456320";

    if (status[1] != '.' || status[2] != '1' || status[3] != '.' || !text_is_digit(status[4]) || status[5] != '\0')
        return;
    int detail = status[4] - '0';
    if (class == SUBJECT_SENDER) {
        status[4] = sender[detail];
    } else if (class == SUBJECT_RECIPIENT) {
        status[4] = recipient[detail];
    } else {
        status[2] = '0';
        status[4] = '0';
    }
}

static struct verdict make_verdict(int code, const char *status, enum subject_class class, const char *text)
{
    struct verdict verdict = { .code = code, .text = text };

    memcpy(verdict.status, status, strnlen(status, sizeof(verdict.status) - 1));
    verdict.status[0] = (char)('0' + code / 100);
    fit_address_status(verdict.status, class);
    return verdict;
}

static const char *subject_text(struct evaluation *evaluation, const struct subject *subject, const char *detail)
{
    return arena_printf(evaluation->arena, "<%s>: %s rejected: %s", subject->name,
        evaluation_class_name(subject->class), detail);
}

void evaluation_note(struct evaluation *evaluation, enum policy_note_kind kind, const char *text, const char *value)
{
    struct policy_note *note = arena_allocate(evaluation->arena, sizeof(*note));

    *note = (struct policy_note){ .kind = kind, .text = text, .value = value };
    *evaluation->last_note = note;
    evaluation->last_note = &note->next;
}

void evaluation_note_permit(struct evaluation *evaluation, const char *action, const struct subject *subject,
    const char *detail)
{
    if (evaluation->warn_only || match_list_is_empty(evaluation->policy->permit_actions)
        || match_list_text(evaluation->policy->permit_actions, action) != TABLE_FOUND)
        return;
    evaluation_note(evaluation, POLICY_NOTE_PERMIT,
        arena_printf(evaluation->arena, "action=%s for %s=%s %s", action, evaluation_class_name(subject->class),
            subject->name, detail), NULL);
}

/* A restriction that permits says so by its name; what a table permits was noted when it was found. */
static void note_permit(struct evaluation *evaluation, const struct restriction *restriction)
{
    struct subject subject = evaluation->subject;

    if (restriction->type == NULL || restriction->type->argument == ARGUMENT_TABLE
        || restriction->type->argument == ARGUMENT_ORDERED_TABLE || restriction->type->argument == ARGUMENT_SERVICE)
        return;
    if (text_ends_with_nocase(restriction->name, "_auth_destination") || text_ends_with_nocase(restriction->name, "_mx_backup"))
        subject = (struct subject){ SUBJECT_RECIPIENT, evaluation->facts->recipient };
    else if (!text_equal_nocase(restriction->name, "permit"))
        subject = evaluation_client_subject(evaluation);
    evaluation_note_permit(evaluation, restriction->name, &subject, "");
}

static enum decision reject(struct evaluation *evaluation, struct verdict verdict, bool server_problem)
{
    if (evaluation->warn_only) {
        evaluation_note(evaluation, POLICY_NOTE_REJECT_WARNING,
            arena_printf(evaluation->arena, "%d %s %s", verdict.code, verdict.status, verdict.text), NULL);
        return DECISION_DUNNO;
    }
    if (evaluation->defer_if_reject.code != 0 && verdict_is_permanent(&verdict))
        verdict = evaluation->defer_if_permit.code != 0 ? evaluation->defer_if_permit : evaluation->defer_if_reject;
    evaluation->result->verdict = verdict;
    evaluation->result->server_problem = server_problem;
    return DECISION_REJECT;
}

enum decision evaluation_reject_text(struct evaluation *evaluation, int code, const char *status,
    enum subject_class class, const char *text)
{
    return reject(evaluation, make_verdict(code, status, class, text), false);
}

enum decision evaluation_reject(struct evaluation *evaluation, int code, const char *status,
    const struct subject *subject, const char *detail)
{
    return evaluation_reject_text(evaluation, code, status, subject->class, subject_text(evaluation, subject, detail));
}

enum decision evaluation_lookup_failure(struct evaluation *evaluation, enum subject_class class, const char *name)
{
    enum decision decision = evaluation_reject_text(evaluation, 451, "4.3.0", class,
        arena_printf(evaluation->arena, "<%s>: Temporary lookup failure", name));

    evaluation->result->lacks_data = decision == DECISION_REJECT;
    return decision;
}

enum decision evaluation_route_failure(struct evaluation *evaluation, enum subject_class which)
{
    const struct policy_facts *facts = evaluation->facts;

    return evaluation_lookup_failure(evaluation, which, which == SUBJECT_SENDER ? facts->sender : facts->recipient);
}

enum decision evaluation_server_error(struct evaluation *evaluation)
{
    evaluation->warn_only = false; /* nobody knows what the rest of a broken list was meant to do */
    return reject(evaluation, VERDICT(451, "4.3.5", "Server configuration error"), true);
}

void evaluation_defer_if_permit(struct evaluation *evaluation, int code, const char *status,
    const struct subject *subject, const char *detail)
{
    if (evaluation->defer_if_permit.code != 0)
        return;
    struct verdict verdict = make_verdict(code, status, subject->class, subject_text(evaluation, subject, detail));
    if (evaluation->warn_only)
        (void)reject(evaluation, verdict, false); /* only notes it */
    else
        evaluation->defer_if_permit = verdict;
}

void evaluation_defer_if_reject(struct evaluation *evaluation, int code, const char *status,
    const struct subject *subject, const char *detail)
{
    if (evaluation->defer_if_reject.code == 0 && !evaluation->warn_only)
        evaluation->defer_if_reject = make_verdict(code, status, subject->class, subject_text(evaluation, subject, detail));
}

static void warn_once(const struct evaluation *evaluation, struct restriction *restriction)
{
    if (restriction->type->use_instead == NULL || restriction->warned
        || ((restriction->type->flags & RESTRICTION_OF_RECIPIENT) && evaluation->facts->recipient == NULL))
        return;
    restriction->warned = true;
    log_warning("%s", restriction->type->use_instead);
}

/* Somebody believed that what follows "permit" or "reject" is reached. */
static void warn_of_rest(const struct evaluation *evaluation, const struct restriction_list *list, size_t at, enum decision decision)
{
    const char *ignored = restriction_list_ignored(list, at);

    if (decision != DECISION_DUNNO && ignored != NULL && evaluation->facts->probe == NULL)
        log_warning("restriction `%s' after `%s' is ignored", ignored, list->items[at].name);
}

static bool is_passed_over(const struct evaluation *evaluation, const char *list, const struct restriction *restriction)
{
    const struct policy_probe *probe = evaluation->facts->probe;

    return probe != NULL && !probe->may_ask(probe->context, list, restriction);
}

static enum decision decide(struct evaluation *evaluation, struct restriction *restriction)
{
    if (restriction->flaw != NULL) {
        if (*restriction->flaw != '\0')
            log_warning("%s", restriction->flaw);
        if (restriction->type != NULL && restriction->type->argument == ARGUMENT_DOMAIN)
            return DECISION_DUNNO;
        return evaluation_server_error(evaluation);
    }
    if (restriction->class != NULL)
        return evaluation_walk(evaluation, restriction->class);
    warn_once(evaluation, restriction);
    return restriction->type->decide(evaluation, restriction);
}

enum decision evaluation_walk(struct evaluation *evaluation, const struct restriction_list *list)
{
    bool outer_warn_only = evaluation->warn_only;
    enum decision decision = DECISION_DUNNO;

    if (evaluation->depth >= MAX_DEPTH) {
        log_warning("restriction class \"%s\" contains itself", list->title);
        return evaluation_server_error(evaluation);
    }
    evaluation->depth++;
    for (size_t i = 0; i < list->count && decision == DECISION_DUNNO && !evaluation->discarded; i++) {
        struct restriction *restriction = &list->items[i];
        if (restriction_is_modifier(restriction)) {
            evaluation->warn_only = true;
            continue;
        }
        if (is_passed_over(evaluation, list->title, restriction)) {
            evaluation->warn_only = outer_warn_only;
            continue;
        }
        evaluation->ask_ahead(evaluation, list, i);
        decision = decide(evaluation, restriction);
        warn_of_rest(evaluation, list, i, decision);
        if (decision == DECISION_PERMIT)
            note_permit(evaluation, restriction);
        if (evaluation->facts->probe != NULL)
            evaluation->facts->probe->decided(evaluation->facts->probe->context, list->title, restriction, decision);
        evaluation->warn_only = outer_warn_only;
        if (decision != DECISION_DUNNO && evaluation->result->restriction == NULL) {
            evaluation->result->restriction = restriction->name;
            evaluation->result->list = list->title;
        }
    }
    evaluation->warn_only = outer_warn_only;
    evaluation->depth--;
    return decision;
}

enum dns_outcome evaluation_ask_dns(struct evaluation *evaluation, const char *name, enum dns_type type,
    struct dns_answer *answer)
{
    (void)dns_lookup(name, type, 0, evaluation->arena, answer); /* the outcome is in the answer, too */
    return dns_filter_apply(evaluation->policy->dns_filter, "smtpd_dns_reply_filter", name, type, evaluation->arena, answer);
}

const struct route *evaluation_route(struct evaluation *evaluation, enum subject_class which)
{
    const struct policy_facts *facts = evaluation->facts;
    const struct route **cached =
        which == SUBJECT_SENDER ? &evaluation->sender_route : &evaluation->recipient_route;

    if (*cached == NULL) {
        struct route *route = arena_allocate(evaluation->arena, sizeof(*route));
        struct str standard = {0};
        rewrite_address(evaluation->policy->config, facts->context,
            which == SUBJECT_SENDER ? facts->sender : facts->recipient, &standard);
        enum route_result result = router_resolve(evaluation->policy->router,
            which == SUBJECT_SENDER || facts->sender == NULL ? "" : facts->sender, str_text(&standard),
            evaluation->arena, route);
        str_free(&standard);
        if (result == ROUTE_DEFER)
            return NULL;
        *cached = route;
    }
    return *cached;
}
