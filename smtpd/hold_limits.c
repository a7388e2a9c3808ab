#include "smtpd/hold_limits.h"

#include <stdlib.h>
#include <string.h>

#include "smtpd/limits.h"
#include "smtpd/session.h"
#include "util/base/memory.h"
#include "util/base/number.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/address.h"
#include "util/table/maps.h"

struct hold_limits {
    struct maps *logins;
    struct maps *domains;
};

struct hold_limits *hold_limits_open(const struct config *config)
{
    struct hold_limits *limits = memory_new(struct hold_limits);

    limits->logins = maps_open(config, "smtpd_login_hold_limit_maps", config->smtpd_login_hold_limit_maps, TABLE_FOLD);
    limits->domains = maps_open(config, "smtpd_sender_domain_hold_limit_maps",
        config->smtpd_sender_domain_hold_limit_maps, TABLE_FOLD);
    return limits;
}

void hold_limits_close(struct hold_limits *limits)
{
    if (limits == NULL)
        return;
    maps_close(limits->logins);
    maps_close(limits->domains);
    free(limits);
}

bool hold_limits_have_changed(struct hold_limits *limits)
{
    return maps_have_changed(limits->logins) || maps_have_changed(limits->domains);
}

static bool parse_one(const char *word, size_t length, struct hold_limit *limit)
{
    char text[64];
    uint64_t number;
    int64_t seconds;

    if (length >= sizeof(text))
        return false;
    memcpy(text, word, length);
    text[length] = '\0';
    char *equals = strchr(text, '=');
    char *slash = equals == NULL ? NULL : strchr(equals, '/');
    if (slash == NULL)
        return false;
    *equals = *slash = '\0';
    limit->counts_recipients = text_equal_nocase(text, "recipients");
    if ((!limit->counts_recipients && !text_equal_nocase(text, "messages"))
        || !number_parse_u64(equals + 1, UINT32_MAX, &number)
        || !number_parse_time(slash + 1, 's', &seconds) || seconds < 1 || seconds > UINT32_MAX)
        return false;
    limit->limit = (uint32_t)number;
    limit->window_s = (uint32_t)seconds;
    return true;
}

bool hold_limits_next(const char **cursor, struct hold_limit *limit, bool *bad)
{
    const char *word;
    size_t length;

    *bad = false;
    if (!text_next_word(cursor, TEXT_LIST_SEPARATORS, &word, &length))
        return false;
    *bad = !parse_one(word, length, limit);
    return !*bad;
}

/* Who, as anvil knows him: whatever case he is written in today. */
static const char *counter_name(struct session *session, const char *kind, const char *whom,
    const struct hold_limit *limit)
{
    char *name = arena_printf(session->call, "%s %s %s %u", kind, whom,
        limit->counts_recipients ? "recipients" : "messages", (unsigned)limit->window_s);

    text_lower(name);
    return name;
}

/* One limit: counts, and holds what is too much. */
static void count(struct session *session, const char *kind, const char *whom, const struct hold_limit *limit)
{
    struct transaction *transaction = &session->transaction;
    uint32_t amount = limit->counts_recipients ? (uint32_t)transaction->recipient_count : 1;
    uint32_t sum;

    if (!limits_add(session->service->limits, counter_name(session, kind, whom, limit), amount, limit->window_s, &sum)
        || sum <= limit->limit)
        return;
    transaction->hold = true;
    session_log_action(session, "hold", "END-OF-MESSAGE",
        arena_printf(session->call, "<%s>: %s limit exceeded: %u of %u %s in %us", whom, kind, (unsigned)sum,
            (unsigned)limit->limit, limit->counts_recipients ? "recipients" : "messages", (unsigned)limit->window_s),
        NULL);
}

/* All limits that the tables have for somebody. A failed look-up limits nobody, and was logged. */
static void count_all(struct session *session, struct maps *maps, const char *kind, const char *whom)
{
    struct str value = {0};
    const char *table = "";
    struct hold_limit limit;
    bool bad = false;

    if (!maps_is_empty(maps) && maps_find(maps, whom, &value, &table) == TABLE_FOUND) {
        const char *cursor = str_text(&value);
        while (hold_limits_next(&cursor, &limit, &bad))
            count(session, kind, whom, &limit);
        if (bad)
            log_warning("%s: need recipients=number/time or messages=number/time: \"%s\"", table, str_text(&value));
    }
    str_free(&value);
}

void hold_limits_count(struct session *session)
{
    const struct hold_limits *limits = session->service->hold_limits;
    const char *sender = session->transaction.sender;
    const char *domain = sender == NULL ? NULL : address_domain(sender);
    bool is_login = session->login.user != NULL;

    if (maps_is_empty(limits->logins) && maps_is_empty(limits->domains))
        return;
    if (is_login)
        count_all(session, limits->logins, "login", session->login.user);
    /* A stranger who names the domain must not use up what belongs to its users. */
    if (domain != NULL && *domain != '\0'
        && (is_login
            || match_list_client(session->service->mynetworks, session->client.name, session->client.address)
                   == TABLE_FOUND))
        count_all(session, limits->domains, "sender domain", domain);
}
