/* tally.h: how often and how many at a time (anvil(8)): counters by service and client, and the greatest values seen. Pure: the
 * clock is passed in. */
#ifndef SMTPD_ANVIL_TALLY_H
#define SMTPD_ANVIL_TALLY_H
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "smtpd/anvil/anvil_messages.h"

struct tally;
struct tally_client;

/* rate_unit_s: anvil_rate_time_unit. */
struct tally *tally_new(int64_t rate_unit_s);
void tally_free(struct tally *tally); /* NULL is allowed */

/* kind: not ANVIL_DISCONNECT. The client stays valid until its last connection is closed. */
struct tally_client *tally_count(struct tally *tally, unsigned kind, const char *service, const char *client, int64_t now_ms,
    struct anvil_counts *counts);
void tally_disconnect(struct tally *tally, struct tally_client *client);
/* NULL: unknown. */
struct tally_client *tally_find(struct tally *tally, const char *service, const char *client);
/* Drops who has nothing open and did nothing in the present time unit. */
void tally_sweep(struct tally *tally, int64_t now_ms);

/* Logs the greatest values since the last time, and forgets them. */
void tally_log(struct tally *tally);
#endif
