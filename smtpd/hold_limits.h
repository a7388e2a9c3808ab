/* hold_limits.h: how much a login, or all local clients in the name of a sender's domain, may send over a time; what is
 * more is taken, and put on hold (smtpd_login_hold_limit_maps, smtpd_sender_domain_hold_limit_maps). anvil(8) counts. */
#ifndef SMTPD_HOLD_LIMITS_H
#define SMTPD_HOLD_LIMITS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/config/config.h"

struct session;
struct hold_limits;

/* Opens the tables: before a worker confines itself. changed: one was replaced since. */
struct hold_limits *hold_limits_open(const struct config *config);
void hold_limits_close(struct hold_limits *limits); /* NULL is allowed */
bool hold_limits_have_changed(struct hold_limits *limits);

/* A message is complete: counts it, and puts it on hold if that is too much. Without anvil it goes on. */
void hold_limits_count(struct session *session);

struct hold_limit {
    bool counts_recipients; /* else messages */
    uint32_t limit;
    uint32_t window_s;
};

/* The next one of "recipients=200/1h, messages=20/10m"; the cursor moves behind it. False at the end or, with *bad
 * set, where the text makes no sense. Pure. */
bool hold_limits_next(const char **cursor, struct hold_limit *limit, bool *bad);
#endif
