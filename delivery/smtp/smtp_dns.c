#include "delivery/smtp/smtp_dns.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "util/base/text.h"
#include "util/log/log.h"

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

/* "name. ttl IN MX 10 host." */
static void put_record(const struct dns_answer *answer, const struct dns_record *record, struct str *out)
{
    char address[INET6_ADDRSTRLEN] = "";

    str_clear(out);
    str_printf(out, "%s. %u IN %s ", answer->name, record->ttl_s, dns_type_name(record->type));
    if (record->type == DNS_MX)
        str_printf(out, "%u %s.", record->preference, record->name);
    else if (inet_ntop(record->type == DNS_AAAA ? AF_INET6 : AF_INET, record->data, address, sizeof(address)) != NULL)
        str_put(out, address);
}

enum judgement { SHOW, HIDE, BAD };

static enum judgement judge(const struct smtp_dns *dns, const char *text)
{
    struct str action = {0};
    enum judgement judgement = SHOW;

    switch (maps_find(dns->filter, text, &action, NULL)) {
    case TABLE_ABSENT:
        break;
    case TABLE_FAILED:
        judgement = BAD;
        break;
    case TABLE_FOUND:
        judgement = text_equal_nocase(str_text(&action), "IGNORE") ? HIDE : BAD;
        if (judgement == BAD)
            log_warning("%s: unknown DNS filter action: \"%s\"", dns->title, str_text(&action));
        else
            log_info("ignoring DNS RR: %s", text);
        break;
    }
    str_free(&action);
    return judgement;
}

static enum dns_outcome fail(struct dns_answer *answer, const char *name, enum dns_type type, const char *status,
    const char *why, struct arena *arena)
{
    answer->outcome = DNS_TRY_AGAIN;
    answer->count = 0;
    answer->status = status;
    answer->text = arena_printf(arena, "Error looking up name=%s type=%s: %s", name, dns_type_name(type), why);
    return answer->outcome;
}

enum dns_outcome smtp_dns_lookup(const struct smtp_dns *dns, const char *name, enum dns_type type, struct arena *arena,
    struct dns_answer *answer)
{
    struct str text = {0};
    size_t kept = 0;
    bool bad = false;

    if (dns_lookup(name, type, dns->flags, arena, answer) != DNS_FOUND || maps_is_empty(dns->filter))
        return answer->outcome;
    for (size_t i = 0; i < answer->count; i++) {
        put_record(answer, &answer->records[i], &text);
        enum judgement judgement = judge(dns, str_text(&text));
        if (judgement == SHOW)
            answer->records[kept++] = answer->records[i];
        bad |= judgement == BAD;
    }
    str_free(&text);
    answer->count = kept;
    if (bad)
        return fail(answer, name, type, "4.4.3", "Invalid DNS reply filter syntax", arena);
    if (kept == 0)
        return fail(answer, name, type, "4.7.0", "DNS reply filter drops all results", arena);
    return answer->outcome;
}
