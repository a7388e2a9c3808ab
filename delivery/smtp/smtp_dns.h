/* smtp_dns.h: name server look-ups as the client makes them: with smtp_dns_resolver_options, and without the records that
 * smtp_dns_reply_filter hides. */
#ifndef DELIVERY_SMTP_DNS_H
#define DELIVERY_SMTP_DNS_H
#include "util/config/config.h"
#include "util/net/dns.h"
#include "util/table/maps.h"

struct smtp_dns {
    unsigned flags;      /* DNS_* */
    struct maps *filter;
    const char *title;   /* the filter's parameter */
};

/* Opens the filter: before the worker confines itself. */
void smtp_dns_open(struct smtp_dns *dns, const struct config *config, bool lmtp);
void smtp_dns_close(struct smtp_dns *dns);

/* As dns_lookup; DNS_TRY_AGAIN with text and status of its own when the filter left nothing. */
enum dns_outcome smtp_dns_lookup(const struct smtp_dns *dns, const char *name, enum dns_type type, struct arena *arena,
    struct dns_answer *answer);
#endif
