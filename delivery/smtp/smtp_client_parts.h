/* smtp_client_parts.h: what the SMTP or LMTP client process has opened once and uses for every order. */
#ifndef DELIVERY_SMTP_SMTP_CLIENT_PARTS_H
#define DELIVERY_SMTP_SMTP_CLIENT_PARTS_H
#include "delivery/smtp/smtp_hosts.h"
#include "master/worker/worker.h"
#include "util/table/maps.h"
#include "util/table/match_list.h"

struct smtp_session;
struct smtp_tls;
struct smtp_checks;
struct smtp_generic;
struct smtp_sasl;

/* Header lines that master.cf asks for (flags=DORX). */
enum { SMTP_FLAG_DELIVERED_TO = 1, SMTP_FLAG_ORIGINAL_TO = 2, SMTP_FLAG_RETURN_PATH = 4, SMTP_FLAG_FINAL = 8 };

struct smtp_client {
    struct worker *worker;
    const struct config *config;  /* with the lmtp_ values in the smtp_ members when lmtp is set */
    bool lmtp;
    const char *helo_name;
    int64_t helo_timeout_s;
    unsigned flags;
    bool tells_of_protocol;       /* the postmaster hears of servers that break the protocol (notify_classes) ... */
    bool tells_of_data;           /* ... and of sessions that ended because a table of ours failed */
    struct own_address *own;
    struct smtp_dns dns;
    struct smtp_hosts_settings lookups;
    struct maps *discard_keywords; /* by server address */
    struct maps *pix_workarounds;  /* by server address */
    struct table *reply_filter;    /* NULL: none */
    struct maps *status_filter;
    struct smtp_checks *checks;
    struct smtp_generic *generic;
    struct smtp_sasl *sasl;        /* NULL: we log in nowhere */
    struct match_list *cache_destinations;
    struct match_list *debug_peers; /* whose sessions are logged in detail */
    struct smtp_tls *tls;
    struct smtp_session *kept;     /* NULL: no connection is kept for the next order */
};
#endif
