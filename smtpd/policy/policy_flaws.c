#include "smtpd/policy/policy_flaws.h"

#include <string.h>

#include "smtpd/policy/dns_list.h"
#include "smtpd/policy/evaluation.h"
#include "util/base/memory.h"
#include "util/base/text.h"

enum { MAX_DEPTH = 20 };

struct search {
    struct policy *policy;
    policy_flaws_found *found;
    void *context;
};

/* Tables that can't be opened are somebody else's finding (posthaste check opens them all); a type that nobody knows isn't. */
static void look_at_table(struct search *search, const char *title, const struct restriction *item)
{
    const char *why = table_why_unavailable(item->table);

    if (why != NULL && text_starts_with(why, "unsupported dictionary type"))
        search->found(search->context, title, arena_printf(search->policy->arena, "%s %s: %s", item->name, item->argument, why));
}

static void look_at_list(struct search *search, const char *title, const struct restriction *item)
{
    struct dns_list list;
    struct str why = {0};

    if (!dns_list_parse(item->argument, search->policy->arena, &list, &why))
        search->found(search->context, title,
            arena_printf(search->policy->arena, "%s %s: %s", item->name, item->argument, str_text(&why)));
    str_free(&why);
}

static void walk(struct search *search, const struct restriction_list *list, int depth)
{
    if (depth >= MAX_DEPTH) {
        search->found(search->context, list->title,
            arena_printf(search->policy->arena, "restriction class \"%s\" contains itself", list->title));
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        const struct restriction *item = &list->items[i];
        if (item->flaw != NULL)
            search->found(search->context, list->title, item->flaw);
        else if (item->class != NULL)
            walk(search, item->class, depth + 1);
        else if (item->table != NULL)
            look_at_table(search, list->title, item);
        else if (item->type->argument == ARGUMENT_DOMAIN)
            look_at_list(search, list->title, item);
    }
}

void policy_flaws(struct policy *policy, policy_flaws_found *found, void *context)
{
    struct search search = { .policy = policy, .found = found, .context = context };
    const struct restriction_list *lists[] = { policy->client, policy->helo, policy->sender, policy->relay,
        policy->recipient, policy->data, policy->end_of_data, policy->etrn };

    for (size_t i = 0; i < COUNT_OF(lists); i++)
        walk(&search, lists[i], 0);
}
