#include "smtpd/screen/checks.h"

#include <string.h>

#include "util/base/text.h"

enum { EXPIRES_NEVER_PASSED = 0, EXPIRES_SWITCHED_OFF = 1, DIGITS_MAX = 15 };

static bool parse(const char *entry, int64_t expires[CHECK_COUNT])
{
    for (int i = 0; i < CHECK_COUNT; i++) {
        size_t digits = strspn(entry, "0123456789");
        char end = entry[digits];
        if (digits == 0 || digits > DIGITS_MAX || (i + 1 < CHECK_COUNT && end != ';'))
            return false;
        expires[i] = 0;
        for (size_t at = 0; at < digits; at++)
            expires[i] = expires[i] * 10 + (entry[at] - '0');
        entry += digits + (end == ';');
    }
    return *entry == '\0' || text_is_digit(*entry); /* a later version may have more tests */
}

bool checks_start(struct checks *checks, const char *entry, unsigned enabled, int64_t now)
{
    *checks = (struct checks){ .enabled = enabled };
    checks->is_known = entry != NULL && parse(entry, checks->expires);
    for (int i = 0; i < CHECK_COUNT; i++) {
        unsigned bit = 1U << i;
        if (!checks->is_known)
            checks->expires[i] = enabled & bit ? EXPIRES_NEVER_PASSED : EXPIRES_SWITCHED_OFF;
        if ((enabled & bit) && checks->expires[i] <= now)
            checks->todo |= bit;
    }
    return entry == NULL || checks->is_known;
}

void checks_pass(struct checks *checks, enum check check, int64_t until)
{
    if (checks->failed & (1U << check))
        return;
    checks->passed |= 1U << check;
    if (until > checks->expires[check])
        checks->expires[check] = until;
}

void checks_fail(struct checks *checks, enum check check, bool refused)
{
    checks->is_refused = checks->is_refused || refused;
    checks->failed |= 1U << check;
    checks->passed &= ~(1U << check);
}

bool checks_are_done(const struct checks *checks)
{
    return checks->failed == 0 && (checks->todo & ~checks->passed) == 0;
}

bool checks_are_worth_keeping(const struct checks *checks)
{
    return !checks->is_refused && checks->passed != 0;
}

void checks_put(const struct checks *checks, struct str *out)
{
    for (int i = 0; i < CHECK_COUNT; i++)
        str_printf(out, i == 0 ? "%lld" : ";%lld", (long long)checks->expires[i]);
}

int64_t checks_latest(const char *entry)
{
    int64_t expires[CHECK_COUNT];
    int64_t latest = 0;

    if (!parse(entry, expires))
        return 0;
    for (int i = 0; i < CHECK_COUNT; i++)
        latest = expires[i] > latest ? expires[i] : latest;
    return latest;
}
