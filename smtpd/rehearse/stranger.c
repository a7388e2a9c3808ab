#include "smtpd/rehearse/stranger.h"

#include <string.h>

#include "smtpd/rehearse/exposure.h"
#include "smtpd/rehearse/rehearsal.h"
#include "util/base/memory.h"
#include "util/base/text.h"

#define STRANGER_NAME "client.stranger.invalid" /* RFC 2606: can't be anybody's */
#define STRANGER_SENDER "somebody@stranger.invalid"
#define FAR_RECIPIENT "somebody@elsewhere.invalid"

enum { CANDIDATES = 20, ENTRIES = 10000 };

/* Senders and HELO names that access tables have something good to say about: anybody can claim them. */
struct claims {
    const char *senders[CANDIDATES];
    size_t sender_count;
    const char *helos[CANDIDATES];
    size_t helo_count;
    const struct table *seen[CANDIDATES];
    size_t seen_count;
};

struct judging {
    struct view *view;
    struct arena *arena;
    struct claims claims;
    const char *doubt; /* what would have to be asked, or NULL */
};

/* --- what is asked --- */

/* Names that exist, that are well formed, that aren't listed: whoever wants to can have them. */
static bool is_no_obstacle(const char *name)
{
    return text_starts_with_nocase(name, "reject_unknown_") || text_starts_with_nocase(name, "reject_non_fqdn_")
           || text_starts_with_nocase(name, "reject_invalid_") || text_starts_with_nocase(name, "reject_rbl_")
           || text_starts_with_nocase(name, "reject_rhsbl_") || text_starts_with_nocase(name, "reject_unverified_")
           || text_starts_with_nocase(name, "permit_dnswl_") || text_starts_with_nocase(name, "permit_rhswl_")
           || text_equal_nocase(name, "reject_maps_rbl") || text_equal_nocase(name, "permit_mx_backup")
           || text_equal_nocase(name, "reject_unauth_pipelining")
           || text_equal_nocase(name, "reject_plaintext_session");
}

static bool asks_others(const struct restriction *restriction)
{
    const char *name = restriction->type->name;

    if (restriction->type->argument == ARGUMENT_SERVICE)
        return true;
    if (restriction->table == NULL)
        return false;
    return text_ends_with_nocase(name, "_mx_access") || text_ends_with_nocase(name, "_ns_access")
           || text_ends_with_nocase(name, "_a_access") || table_may_wait(restriction->table)
           || table_why_unavailable(restriction->table) != NULL;
}

static bool is_good(const char *action)
{
    size_t length = strcspn(action, " \t");
    char word[8] = "";

    if (length < sizeof(word))
        memcpy(word, action, length);
    return text_equal_nocase(word, "OK") || text_equal_nocase(word, "PERMIT") || text_equal_nocase(word, "RELAY")
           || text_is_digits(action);
}

static void add_claim(struct judging *judging, bool is_helo, const char *key)
{
    struct claims *claims = &judging->claims;

    if (is_helo && claims->helo_count < CANDIDATES) {
        claims->helos[claims->helo_count++] = arena_printf(judging->arena, "%s%s", key[0] == '.' ? "host" : "", key);
    } else if (!is_helo && claims->sender_count < CANDIDATES) {
        const char *at = strchr(key, '@');
        const char *domain = key[0] == '.' ? "somebody@host" : "somebody@";
        claims->senders[claims->sender_count++] =
            at == NULL     ? arena_printf(judging->arena, "%s%s", domain, key)
            : at[1] == '\0' ? arena_printf(judging->arena, "%sstranger.invalid", key)
                           : arena_copy_text(judging->arena, key);
    }
}

/* Once per table. */
static void collect_claims(struct judging *judging, struct table *table, bool is_helo)
{
    struct claims *claims = &judging->claims;
    struct str key = {0};
    struct str value = {0};

    for (size_t i = 0; i < claims->seen_count; i++) {
        if (claims->seen[i] == table)
            return;
    }
    if (claims->seen_count == CANDIDATES || !table_can_list(table) || !table_is_fixed(table))
        return;
    claims->seen[claims->seen_count++] = table;
    for (int i = 0; i < ENTRIES && table_next(table, i == 0, &key, &value) == TABLE_FOUND; i++) {
        if (is_good(str_text(&value)))
            add_claim(judging, is_helo, str_text(&key));
    }
    str_free(&key);
    str_free(&value);
}

static bool may_ask(void *context, const struct restriction *restriction)
{
    struct judging *judging = context;
    const struct restriction_type *type = restriction->type;

    if (type == NULL || restriction->flaw != NULL)
        return true;
    if (is_no_obstacle(type->name))
        return false;
    if (asks_others(restriction)) {
        judging->doubt = arena_printf(judging->arena, "%s %s would have to be asked", restriction->name,
            restriction->argument);
        return false;
    }
    bool is_helo = text_equal_nocase(type->name, "check_helo_access");
    if (restriction->table != NULL && (is_helo || text_equal_nocase(type->name, "check_sender_access")))
        collect_claims(judging, restriction->table, is_helo);
    return true;
}

/* --- one stranger --- */

static void put_path(const struct rehearsal *rehearsal, struct str *path)
{
    const struct config *config = rehearsal->view->config;
    bool relay_said = config->smtpd_relay_restrictions[0] == '\0'; /* it says nothing, and needn't */
    bool recipient_said = config->smtpd_recipient_restrictions[0] == '\0';
    const char *separator = "";

    for (const struct trace_step *step = rehearsal->trace.first; step != NULL; step = step->next) {
        if (!step->was_asked || step->decision != DECISION_PERMIT)
            continue;
        str_put(path, separator);
        trace_put_step(step, path);
        separator = "; ";
        relay_said = relay_said || text_equal(step->list, "smtpd_relay_restrictions");
        recipient_said = recipient_said || text_equal(step->list, "smtpd_recipient_restrictions");
    }
    if (!relay_said)
        str_printf(path, "%ssmtpd_relay_restrictions: nothing stops them", separator);
    if (!recipient_said)
        str_printf(path, "%ssmtpd_recipient_restrictions: nothing stops them",
            *separator == '\0' && relay_said ? "" : "; ");
}

/* Mail that ends here after all (a mail catcher, a spam trap) relays nothing. */
static enum stranger_verdict judge_route(struct judging *judging, const struct master_cf *master_cf, const char *sender,
    struct str *path)
{
    struct route route;

    if (router_may_wait(judging->view->router)) {
        judging->doubt = "the tables that route mail would have to be asked";
        return STRANGER_DOUBT;
    }
    if (router_resolve(judging->view->router, sender, FAR_RECIPIENT, judging->arena, &route) == ROUTE_DEFER) {
        judging->doubt = route.reason;
        return STRANGER_DOUBT;
    }
    const struct master_cf_entry *entry = master_cf_find(master_cf, route.transport, "unix");
    const char *program = entry == NULL ? "" : entry->fields[MASTER_CF_COMMAND];
    if (text_equal(program, "lmtp") || text_equal(program, "pipe")) {
        judging->doubt = arena_printf(judging->arena, "all mail goes to transport %s", route.transport);
        return STRANGER_DOUBT;
    }
    if (!text_equal(program, "smtp"))
        return STRANGER_STOPPED;
    size_t length = strcspn(route.next_hop, "]");
    if (route.next_hop[0] == '['
        && exposure_of_host(arena_copy_bytes(judging->arena, route.next_hop + 1, length - 1)) == EXPOSURE_NONE) {
        judging->doubt = arena_printf(judging->arena, "%s on this machine decides", route.next_hop);
        return STRANGER_DOUBT;
    }
    str_printf(path, "; sent by transport %s to %s", route.transport,
        text_equal(route.next_hop, "elsewhere.invalid") ? "wherever it is addressed" : route.next_hop);
    return STRANGER_RELAYS;
}

static enum stranger_verdict judge_client(struct judging *judging, const struct master_cf *master_cf,
    const char *address, const char *helo, const char *sender, struct str *path)
{
    static const enum policy_stage stages[] = { POLICY_CONNECT, POLICY_HELO, POLICY_MAIL, POLICY_RCPT };
    struct rehearsal rehearsal = { .view = judging->view, .arena = judging->arena, .helo = helo, .sender = sender,
        .encrypted = true,
        .client = { .name = STRANGER_NAME, .reverse_name = STRANGER_NAME, .address = address, .port = "25" },
        .trace = { .may_ask = may_ask, .context = judging } };

    judging->doubt = NULL;
    for (size_t i = 0; i < COUNT_OF(stages); i++) {
        struct verdict verdict = rehearsal_step(&rehearsal, stages[i], stages[i] == POLICY_RCPT ? FAR_RECIPIENT : NULL);
        if (verdict.code == 0)
            continue;
        if (!rehearsal.result.server_problem)
            return STRANGER_STOPPED;
        const struct trace_step *step = trace_refusal(&rehearsal.trace);
        str_printf(path, "not to be told, a client would get \"%d %s\"", verdict.code, verdict.text);
        if (step != NULL)
            str_printf(path, " from %s: %s", step->list, step->restriction);
        return STRANGER_DOUBT;
    }
    str_printf(path, "[%s] as <%s> (HELO %s): ", address, sender, helo);
    put_path(&rehearsal, path);
    enum stranger_verdict verdict = judge_route(judging, master_cf, sender, path);
    if (verdict != STRANGER_STOPPED && judging->doubt != NULL) {
        str_printf(path, "; %s", judging->doubt);
        return STRANGER_DOUBT;
    }
    return verdict;
}

/* The worst of both families; *path is that one's. */
static enum stranger_verdict judge_families(struct judging *judging, const struct master_cf *master_cf,
    const char *helo, const char *sender, struct str *path)
{
    static const char *const addresses[] = { "192.0.2.1", "2001:db8::1" };
    enum stranger_verdict worst = STRANGER_STOPPED;
    struct str one = {0};

    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        const char *protocols = judging->view->config->inet_protocols;
        if (strstr(protocols, "all") == NULL && strstr(protocols, i == 0 ? "ipv4" : "ipv6") == NULL)
            continue;
        str_clear(&one);
        enum stranger_verdict verdict = judge_client(judging, master_cf, addresses[i], helo, sender, &one);
        if (verdict > worst) {
            worst = verdict;
            str_set(path, str_text(&one));
        }
    }
    str_free(&one);
    return worst;
}

enum stranger_verdict stranger_judge(struct view *view, const struct master_cf *master_cf, struct arena *arena,
    struct str *path)
{
    struct judging judging = { .view = view, .arena = arena };
    struct str found = {0};

    enum stranger_verdict verdict = judge_families(&judging, master_cf, STRANGER_NAME, STRANGER_SENDER, &found);
    for (size_t i = 0; i < judging.claims.sender_count && verdict == STRANGER_STOPPED; i++) {
        if (judge_families(&judging, master_cf, STRANGER_NAME, judging.claims.senders[i], &found) != STRANGER_STOPPED)
            verdict = STRANGER_DOUBT;
    }
    for (size_t i = 0; i < judging.claims.helo_count && verdict == STRANGER_STOPPED; i++) {
        if (judge_families(&judging, master_cf, judging.claims.helos[i], STRANGER_SENDER, &found) != STRANGER_STOPPED)
            verdict = STRANGER_DOUBT;
    }
    str_put(path, str_text(&found));
    str_free(&found);
    return verdict;
}
