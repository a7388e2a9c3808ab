/* checks.h: which tests a client has passed and until when that counts: the arithmetic of postscreen's temporary allowlist
 * (POSTSCREEN_README), without clock, sockets or tables. */
#ifndef SMTPD_SCREEN_CHECKS_H
#define SMTPD_SCREEN_CHECKS_H
#include <stdbool.h>
#include <stdint.h>

#include "util/base/str.h"

/* In the order in which Postfix writes them to its cache. */
enum check { CHECK_PREGREET, CHECK_DNSBL, CHECK_PIPELINING, CHECK_NON_SMTP, CHECK_BARE_NEWLINE, CHECK_COUNT };

enum {
    CHECK_EARLY_BITS = 1U << CHECK_PREGREET | 1U << CHECK_DNSBL,
    CHECK_DEEP_BITS = 1U << CHECK_PIPELINING | 1U << CHECK_NON_SMTP | 1U << CHECK_BARE_NEWLINE,
};

struct checks {
    int64_t expires[CHECK_COUNT]; /* seconds since 1970; 0: to be passed; 1: was switched off */
    bool is_known;                /* the client has been here before */
    unsigned enabled;             /* bits 1 << CHECK_... */
    unsigned todo;                /* those that it has to pass */
    unsigned passed;              /* now */
    unsigned failed;              /* now */
    bool is_refused;              /* for failing one */
};

/* entry: what the cache holds ("0;1700000000;1;1;1"), or NULL. False: it isn't of that form, and the client counts as new. */
bool checks_start(struct checks *checks, const char *entry, unsigned enabled, int64_t now);
void checks_pass(struct checks *checks, enum check check, int64_t until);
/* refused: with consequences; nothing is kept then. */
void checks_fail(struct checks *checks, enum check check, bool refused);
/* Every test that was to be passed is. */
bool checks_are_done(const struct checks *checks);
/* Whether there is something to write down. */
bool checks_are_worth_keeping(const struct checks *checks);
void checks_put(const struct checks *checks, struct str *out);
/* Until when an entry is of use: the latest of its times; 0 if it isn't of that form. */
int64_t checks_latest(const char *entry);
#endif
