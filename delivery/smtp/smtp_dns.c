#include "delivery/smtp/smtp_dns.h"

#include "util/base/text.h"
#include "util/table/dns_filter.h"

void smtp_dns_open(struct smtp_dns *dns, const struct config *config, bool lmtp)
{
    *dns = (struct smtp_dns){ .title = lmtp ? "lmtp_dns_reply_filter" : "smtp_dns_reply_filter" };
    dns->filter = maps_open(config, dns->title, config->smtp_dns_reply_filter, TABLE_FOLD);
    if (text_list_has_nocase(config->smtp_dns_resolver_options, "res_defnames"))
        dns->flags |= DNS_DEFNAMES;
    if (text_list_has_nocase(config->smtp_dns_resolver_options, "res_dnsrch"))
        dns->flags |= DNS_SEARCH;
    if (text_equal(config->smtp_dns_support_level, "dnssec"))
        dns->flags |= DNS_DNSSEC;
}

void smtp_dns_close(struct smtp_dns *dns)
{
    maps_close(dns->filter);
}

enum dns_outcome smtp_dns_lookup(const struct smtp_dns *dns, const char *name, enum dns_type type, struct arena *arena,
    struct dns_answer *answer)
{
    (void)dns_lookup(name, type, dns->flags, arena, answer); /* the outcome is in the answer, too */
    return dns_filter_apply(dns->filter, dns->title, name, type, arena, answer);
}
