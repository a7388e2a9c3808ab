#include "smtpd/policy/decide_dns_list.h"

#include <string.h>

#include "smtpd/policy/decide_relay.h"
#include "smtpd/policy/dns_list.h"
#include "smtpd/policy/dns_list_reply.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/address.h"
#include "util/table/dns_filter.h"

enum { ASK_MAX = 64, REASON_BYTES_MAX = 500 };

/* What is looked up in a list, and how a reply shows it. */
struct listed {
    const char *key;  /* in front of the list's domain; NULL: nothing to look up */
    const char *what;
    const char *class;
    enum subject_class subject;
};

static const struct dns_list *list_of(struct evaluation *evaluation, const struct restriction *restriction)
{
    struct dns_list *list = restriction->dns_list;
    struct str why = {0};

    if (list != NULL)
        return list;
    list = arena_allocate(evaluation->arena, sizeof(*list));
    if (!dns_list_parse(restriction->argument, evaluation->arena, list, &why))
        log_fatal("RBL reply error: %s", str_text(&why));
    return list;
}

static struct dns_list_memory *memory_of(struct evaluation *evaluation)
{
    if (evaluation->facts->dns_lists != NULL)
        return evaluation->facts->dns_lists;
    if (evaluation->own_memory.arena == NULL)
        evaluation->own_memory.arena = evaluation->arena;
    return &evaluation->own_memory;
}

/* --- what is asked for --- */

static struct listed listed_client(struct evaluation *evaluation)
{
    const char *address = evaluation->facts->client->address;

    return (struct listed){ dns_list_reverse(address, evaluation->arena), address, "Client host", SUBJECT_CLIENT };
}

static const char *known_name(const char *name)
{
    return name == NULL || *name == '\0' || *name == '[' || text_equal(name, CLIENT_NAME_UNKNOWN) ? NULL : name;
}

static struct listed listed_name(struct evaluation *evaluation)
{
    const char *name = evaluation->facts->client->name;

    return (struct listed){ known_name(name), name, "Client host", SUBJECT_CLIENT };
}

static struct listed listed_reverse_name(struct evaluation *evaluation)
{
    const char *name = evaluation->facts->client->reverse_name;

    return (struct listed){ known_name(name), name, "Unverified Client host", SUBJECT_CLIENT };
}

static struct listed listed_helo(struct evaluation *evaluation)
{
    const char *helo = evaluation->facts->helo;

    return (struct listed){ known_name(helo), helo, "Helo command", SUBJECT_HELO };
}

static struct listed listed_address(const char *address, const char *class, enum subject_class subject)
{
    return (struct listed){ address == NULL ? NULL : known_name(address_domain(address)), address, class, subject };
}

static struct listed listed_sender(struct evaluation *evaluation)
{
    return listed_address(evaluation->facts->sender, "Sender address", SUBJECT_SENDER);
}

static struct listed listed_recipient(struct evaluation *evaluation)
{
    return listed_address(evaluation->facts->recipient, "Recipient address", SUBJECT_RECIPIENT);
}

static const struct {
    enum decision (*decide)(struct evaluation *evaluation, const struct restriction *restriction);
    struct listed (*what)(struct evaluation *evaluation);
} kinds[] = {
    { decide_dns_list_client, listed_client },
    { decide_dns_list_permit, listed_client },
    { decide_dns_list_rhsbl_client, listed_name },
    { decide_dns_list_permit_name, listed_name },
    { decide_dns_list_rhsbl_reverse_client, listed_reverse_name },
    { decide_dns_list_rhsbl_helo, listed_helo },
    { decide_dns_list_rhsbl_sender, listed_sender },
    { decide_dns_list_rhsbl_recipient, listed_recipient },
};

/* NULL: that restriction asks no list. */
static const char *name_to_ask(struct evaluation *evaluation, const struct restriction *restriction)
{
    for (size_t i = 0; restriction->type != NULL && restriction->flaw == NULL && i < COUNT_OF(kinds); i++) {
        if (restriction->type->decide != kinds[i].decide)
            continue;
        struct listed listed = kinds[i].what(evaluation);
        if (listed.key == NULL)
            return "";
        return arena_printf(evaluation->arena, "%s.%s", listed.key, list_of(evaluation, restriction)->domain);
    }
    return NULL;
}

void decide_dns_list_ask(struct evaluation *evaluation, const struct restriction_list *list, size_t index)
{
    const char *names[ASK_MAX];
    size_t count = 0;

    for (size_t i = index; i < list->count && count < ASK_MAX; i++) {
        const struct restriction *restriction = &list->items[i];
        if (i > index && restriction->type != NULL && (restriction->type->flags & RESTRICTION_MODIFIER))
            continue;
        const char *name = name_to_ask(evaluation, restriction);
        if (name == NULL)
            break;
        if (*name != '\0')
            names[count++] = name;
    }
    if (count > 1)
        dns_list_ask(memory_of(evaluation), names, count);
}

/* --- and what is made of the answers --- */

/* What the list says, less what smtpd_dns_reply_filter hides; the memory keeps what the list said. */
static const struct dns_answer *find(struct evaluation *evaluation, const char *name)
{
    const struct dns_answer *answer = dns_list_find(memory_of(evaluation), name);

    if (answer->outcome != DNS_FOUND || maps_is_empty(evaluation->policy->dns_filter))
        return answer;
    struct dns_answer *left = arena_allocate(evaluation->arena, sizeof(*left));
    *left = *answer;
    left->records = arena_allocate(evaluation->arena, answer->count * sizeof(*left->records));
    memcpy(left->records, answer->records, answer->count * sizeof(*left->records));
    (void)dns_filter_apply(evaluation->policy->dns_filter, "smtpd_dns_reply_filter", name, DNS_A, evaluation->arena, left);
    return left;
}

/* The list's explanation, at most so long that a reply can carry it. */
static const char *find_reason(struct evaluation *evaluation, const char *name)
{
    struct dns_answer answer;
    struct str reason = {0};

    if (evaluation_ask_dns(evaluation, name, DNS_TXT, &answer) != DNS_FOUND) {
        if (dns_filter_hides_all(&answer))
            log_warning("%s: TXT lookup error: DNS reply filter drops all results", name);
        return "";
    }
    for (size_t i = 0; i < answer.count && reason.length < REASON_BYTES_MAX; i++)
        str_printf(&reason, "%s%s", i == 0 ? "" : " / ", answer.records[i].name);
    if (reason.length > REASON_BYTES_MAX)
        str_truncate(&reason, REASON_BYTES_MAX);
    const char *text = arena_copy_text(evaluation->arena, str_text(&reason));
    str_free(&reason);
    return text;
}

static enum decision reject_in(struct evaluation *evaluation, const struct dns_list *list, const struct listed *listed)
{
    if (listed->key == NULL)
        return DECISION_DUNNO;
    const char *name = arena_printf(evaluation->arena, "%s.%s", listed->key, list->domain);
    const struct dns_answer *answer = find(evaluation, name);
    if (answer->outcome != DNS_FOUND && !dns_is_absent(answer->outcome))
        log_warning("%s: RBL lookup error: %s", name, answer->text);
    if (!dns_list_counts(list, answer))
        return DECISION_DUNNO;
    const struct listing listing = { .domain = list->domain,
        .as_written = list->filter == NULL ? list->domain : list->domain_and_filter, .what = listed->what, .class = listed->class,
        .subject = listed->subject, .reason = find_reason(evaluation, name) };
    return dns_list_reply(evaluation, &listing);
}

/* A friend may be hidden behind a failure: who would be refused shall come again. */
static enum decision permit_in(struct evaluation *evaluation, const struct dns_list *list, const struct listed *listed)
{
    const struct subject subject = { listed->subject, listed->what };

    if (listed->key == NULL)
        return DECISION_DUNNO;
    const char *name = arena_printf(evaluation->arena, "%s.%s", listed->key, list->domain);
    const struct dns_answer *answer = find(evaluation, name);
    if (answer->outcome != DNS_FOUND && !dns_is_absent(answer->outcome)) {
        log_warning("%s: RBL lookup error: %s", name, answer->text);
        evaluation_defer_if_reject(evaluation, (int)evaluation->policy->config->access_map_defer_code, "4.7.1", &subject,
            "Service unavailable");
        return DECISION_DUNNO;
    }
    /* Nobody becomes a relay for strangers because a list likes them. */
    return dns_list_counts(list, answer) && decide_relay_is_safe(evaluation) ? DECISION_PERMIT : DECISION_DUNNO;
}

#define REJECT(name, what)                                                                                      \
    enum decision decide_dns_list_##name(struct evaluation *evaluation, const struct restriction *restriction)  \
    {                                                                                                           \
        struct listed listed = what(evaluation);                                                                \
        return reject_in(evaluation, list_of(evaluation, restriction), &listed);                                \
    }
REJECT(client, listed_client)
REJECT(rhsbl_client, listed_name)
REJECT(rhsbl_reverse_client, listed_reverse_name)
REJECT(rhsbl_helo, listed_helo)
REJECT(rhsbl_sender, listed_sender)
REJECT(rhsbl_recipient, listed_recipient)

enum decision decide_dns_list_permit(struct evaluation *evaluation, const struct restriction *restriction)
{
    struct listed listed = listed_client(evaluation);

    return permit_in(evaluation, list_of(evaluation, restriction), &listed);
}

enum decision decide_dns_list_permit_name(struct evaluation *evaluation, const struct restriction *restriction)
{
    struct listed listed = listed_name(evaluation);

    return permit_in(evaluation, list_of(evaluation, restriction), &listed);
}

enum decision decide_dns_list_maps_rbl(struct evaluation *evaluation, const struct restriction *restriction)
{
    const char *cursor = evaluation->policy->config->maps_rbl_domains;
    struct listed listed = listed_client(evaluation);
    enum decision decision = DECISION_DUNNO;
    const char *word;
    size_t length;

    while (decision == DECISION_DUNNO && text_next_word(&cursor, TEXT_LIST_SEPARATORS, &word, &length)) {
        const struct dns_list list = { .domain = arena_copy_bytes(evaluation->arena, word, length) };
        decision = reject_in(evaluation, &list, &listed);
    }
    return decision;
}
