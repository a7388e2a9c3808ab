/* dns_filter.h: smtp_dns_reply_filter and its kin: records of DNS answers that a program is not to see. A key looks like
 * "name. ttl IN MX 10 host."; the only action is IGNORE. */
#ifndef UTIL_TABLE_DNS_FILTER_H
#define UTIL_TABLE_DNS_FILTER_H
#include "util/net/dns.h"
#include "util/table/maps.h"

/* Takes records out of an answer to that question; title: the filter's parameter. The outcome is returned, and in the answer;
 * DNS_TRY_AGAIN with text and status of its own when nothing was left, or when the filter failed. NULL filter: nothing. */
enum dns_outcome dns_filter_apply(struct maps *filter, const char *title, const char *name, enum dns_type type,
    struct arena *arena, struct dns_answer *answer);
/* Whether it was the filter that left nothing of an answer. */
bool dns_filter_hides_all(const struct dns_answer *answer);
#endif
