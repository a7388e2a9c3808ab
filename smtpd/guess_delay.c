#include "smtpd/guess_delay.h"

#include "smtpd/limits.h"
#include "smtpd/session.h"
#include "util/base/clock.h"
#include "util/base/text.h"

enum { FREE_FAILURES = 3, DOUBLINGS_MAX = 30 };

int64_t guess_delay_seconds(uint32_t failures, int64_t limit_s)
{
    if (failures <= FREE_FAILURES)
        return 0;
    uint32_t doublings = failures - FREE_FAILURES - 1;
    int64_t delay_s = (int64_t)1 << (doublings > DOUBLINGS_MAX ? DOUBLINGS_MAX : doublings);
    return delay_s < limit_s ? delay_s : limit_s;
}

/* FNV-1a, folded to 16 bits. Whoever finds names that share a bin gains nothing. */
static unsigned bin_of(const char *text)
{
    uint32_t hash = 2166136261u;

    for (const char *at = text; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    return (hash >> 16 ^ hash) & 0xFFFF;
}

static uint32_t count(struct session *session, const char *kind, const char *whom)
{
    uint32_t window_s = (uint32_t)session->config->smtpd_auth_delay_window;
    uint32_t sum = 0;

    if (!limits_add(session->service->limits, arena_printf(session->call, "%s %04x", kind, bin_of(whom)), 1, window_s, &sum))
        return 0;
    return sum;
}

void guess_delay_failed(struct session *session, const char *user)
{
    int64_t limit_s = session->config->smtpd_auth_delay_limit;

    if (limit_s == 0 || limits_is_excepted(session))
        return;
    uint32_t failures = count(session, "auth-failure-client", limits_client_group(session));
    if (user != NULL) {
        char *login = arena_copy_text(session->call, user);
        text_lower(login);
        uint32_t of_login = count(session, "auth-failure-login", login);
        failures = of_login > failures ? of_login : failures;
    }
    clock_sleep_s(guess_delay_seconds(failures, limit_s));
}
