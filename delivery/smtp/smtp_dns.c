#include "delivery/smtp/smtp_dns.h"

#include <string.h>
#include <strings.h>

#include "util/base/text.h"
#include "util/table/dns_filter.h"

static bool has_word(const char *list, const char *wanted)
{
    const char *word;
    size_t length;

    while (text_next_word(&list, TEXT_LIST_SEPARATORS, &word, &length)) {
        if (strlen(wanted) == length && strncasecmp(word, wanted, length) == 0)
            return true;
    }
    return false;
}

void smtp_dns_open(struct smtp_dns *dns, const struct config *config, bool lmtp)
{
    *dns = (struct smtp_dns){ .title = lmtp ? "lmtp_dns_reply_filter" : "smtp_dns_reply_filter" };
    dns->filter = maps_open(config, dns->title, config->smtp_dns_reply_filter, TABLE_FOLD);
    if (has_word(config->smtp_dns_resolver_options, "res_defnames"))
        dns->flags |= DNS_DEFNAMES;
    if (has_word(config->smtp_dns_resolver_options, "res_dnsrch"))
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
