/* delivery_log.h: the one line per recipient and attempt that log analysers read (wording: Postfix):
 * "ID: to=<>, orig_to=<>, relay=, conn_use=, delay=, delays=a/b/c/d, dsn=, status=sent (why)". */
#ifndef QMGR_CLIENT_DELIVERY_LOG_H
#define QMGR_CLIENT_DELIVERY_LOG_H
#include <stdbool.h>
#include <stdint.h>

#include "util/base/str.h"

struct delivery_log {
    const char *queue_id;
    const char *to;          /* internal form */
    const char *original;    /* internal form; logged when it isn't "" and differs from to */
    const char *relay;       /* NULL: none */
    int connection_use;      /* how many messages this connection has carried; logged from 2 on */
    int64_t arrival_us;      /* delays: a = arrival to active, b = active to received, c = received to connected, d = to now */
    int64_t active_us;
    int64_t received_us;
    int64_t connected_us;    /* 0: there was nothing to connect to */
    int64_t now_us;
    const char *dsn;
    const char *status;      /* sent, deferred, bounced, deliverable, undeliverable, expanded, ... */
    const char *why;
};

/* Writes the line. Texts are shown in printable form. */
void delivery_log(const struct delivery_log *line);

/* The process's delay_logging_resolution_limit (0..6) and info_log_address_format ("external", "internal"). */
void delivery_log_set(int64_t resolution_limit, const char *address_format);

/* Appends an address as log lines show it. */
void delivery_log_put_address(struct str *out, const char *address);

/* Appends seconds: two significant digits below 100 s, at most resolution_limit decimals, no trailing zeros. */
void delivery_log_put_delay(struct str *out, int64_t microseconds, int resolution_limit);
#endif
