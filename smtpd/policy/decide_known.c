#include "smtpd/policy/decide_known.h"

#include <string.h>
#include <strings.h>

#include "util/base/text.h"
#include "util/mail/address.h"
#include "util/mail/address_find.h"
#include "util/mail/reason.h"

static bool is_local(void *context, const char *domain)
{
    const struct policy *policy = context;

    return text_equal_nocase(domain, policy->config->myorigin) || router_is_local(policy->router, domain);
}

static enum table_result find(struct evaluation *evaluation, struct maps *maps, const char *address)
{
    struct policy *policy = evaluation->policy;
    struct str value = {0};
    struct address_find how = { .maps = maps, .delimiters = policy->config->recipient_delimiter,
        .owner_special = policy->config->owner_request_special, .forms = FIND_ALL, .domain_is_local = is_local,
        .context = policy };

    enum table_result result = maps_is_empty(maps) ? TABLE_ABSENT : address_find(&how, address, &value, NULL, NULL);
    str_free(&value);
    return result;
}

/* Recipients whose domain is ours: users of this system, mostly. */
static enum table_result find_local(struct evaluation *evaluation, struct maps *maps, const char *address)
{
    maps_expect_user(maps, arena_copy_bytes(evaluation->arena, address, address_local_length(address)));
    enum table_result result = find(evaluation, maps, address);
    maps_expect_user(maps, NULL);
    return result;
}

/* Whether some rewriting or aliasing knows the address, so that the recipient tables don't decide. */
static enum table_result is_mapped(struct evaluation *evaluation, const char *address)
{
    struct maps *maps[] = { evaluation->policy->recipient_canonical, evaluation->policy->canonical,
        evaluation->policy->virtual_alias };

    for (size_t i = 0; i < 3; i++) {
        enum table_result result = find(evaluation, maps[i], address);
        if (result != TABLE_ABSENT)
            return result;
    }
    return TABLE_ABSENT;
}

struct unknown {
    int code;
    const char *table;
    const char *sender_status; /* what an unknown sender gets; recipients get 5.1.1 */
};

/* Mail for it is taken, and thrown away by the queue manager. */
static bool is_double_bounce(const struct config *config, const char *address)
{
    size_t length = address_local_length(address);

    return strlen(config->double_bounce_sender) == length && strncasecmp(address, config->double_bounce_sender, length) == 0;
}

/* Whether the address class has a table that lists its addresses, and lacks this one. */
static enum table_result look_in_class(struct evaluation *evaluation, const struct route *route, struct unknown *unknown)
{
    const struct config *config = evaluation->policy->config;
    struct maps *maps = NULL;

    switch (route->class) {
    case ROUTE_LOCAL:
        if (is_double_bounce(config, route->recipient))
            return TABLE_FOUND;
        *unknown = (struct unknown){ (int)config->unknown_local_recipient_reject_code, "local recipient", "5.1.0" };
        maps = evaluation->policy->local_recipients;
        break;
    case ROUTE_VIRTUAL_ALIAS:
        *unknown = (struct unknown){ (int)config->unknown_virtual_alias_reject_code, "virtual alias", "5.1.1" };
        return TABLE_ABSENT;
    case ROUTE_VIRTUAL_MAILBOX:
        *unknown = (struct unknown){ (int)config->unknown_virtual_mailbox_reject_code, "virtual mailbox", "5.1.0" };
        maps = evaluation->policy->virtual_mailboxes;
        break;
    case ROUTE_RELAY:
        *unknown = (struct unknown){ (int)config->unknown_relay_recipient_reject_code, "relay recipient", "5.1.0" };
        maps = evaluation->policy->relay_recipients;
        break;
    case ROUTE_OTHER:
        return TABLE_FOUND;
    }
    if (maps_is_empty(maps))
        return TABLE_FOUND;
    return route->class == ROUTE_LOCAL ? find_local(evaluation, maps, route->recipient) : find(evaluation, maps, route->recipient);
}

/* error: and retry: have "5.1.1 text" or only text in the place of the next hop; the transport decides about the class. */
static enum decision reject_by_transport(struct evaluation *evaluation, const struct subject *subject,
    const struct route *route)
{
    const char *text = route->next_hop;
    char status[REASON_STATUS_BYTES] = "5.1.1";
    size_t length = (size_t)reason_status_length(text);

    if (length > 0 && length < sizeof(status)) {
        memcpy(status, text, length);
        status[length] = '\0';
        text += length + strspn(text + length, " \t");
    } else if (subject->class == SUBJECT_SENDER) {
        memcpy(status, "5.1.0", 6);
    }
    return evaluation_reject(evaluation, route->is_error ? 550 : 450, status, subject, text);
}

static enum decision check(struct evaluation *evaluation, const char *address, enum subject_class class, bool *checked)
{
    struct subject subject = { class, address };
    struct unknown unknown = {0};

    if (*checked || address == NULL || *address == '\0')
        return DECISION_DUNNO;
    *checked = true;
    const struct route *route = evaluation_route(evaluation, class);
    if (route == NULL)
        return evaluation_route_failure(evaluation, class);
    if (*route->recipient == '\0' || *route->recipient == '@')
        return DECISION_DUNNO;
    enum table_result result = is_mapped(evaluation, route->recipient);
    if (result == TABLE_FAILED)
        return evaluation_lookup_failure(evaluation, class, address);
    if (result == TABLE_FOUND)
        return DECISION_DUNNO;
    if ((route->is_error && route->class != ROUTE_VIRTUAL_ALIAS) || text_equal(route->transport, "retry"))
        return reject_by_transport(evaluation, &subject, route);
    result = look_in_class(evaluation, route, &unknown);
    if (result == TABLE_FOUND)
        return DECISION_DUNNO;
    if (result == TABLE_FAILED)
        return evaluation_lookup_failure(evaluation, class, address);
    const char *detail = evaluation->policy->config->show_user_unknown_table_name
                             ? arena_printf(evaluation->arena, "User unknown in %s table", unknown.table)
                             : "User unknown";
    enum decision decision = evaluation_reject(evaluation, unknown.code, class == SUBJECT_SENDER ? unknown.sender_status : "5.1.1", &subject,
        detail);
    evaluation->result->unknown_address = decision == DECISION_REJECT;
    return decision;
}

enum decision decide_known_recipient(struct evaluation *evaluation, const struct restriction *restriction)
{
    if (strstr(evaluation->policy->config->receive_override_options, "no_unknown_recipient_checks") != NULL)
        return DECISION_DUNNO;
    return check(evaluation, evaluation->facts->recipient, SUBJECT_RECIPIENT, &evaluation->recipient_checked);
}

enum decision decide_known_sender(struct evaluation *evaluation, const struct restriction *restriction)
{
    return check(evaluation, evaluation->facts->sender, SUBJECT_SENDER, &evaluation->sender_checked);
}
