#include "util/table/dns_filter.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "util/base/text.h"
#include "util/log/log.h"

/* "name. ttl IN MX 10 host." */
static void put_record(const struct dns_answer *answer, const struct dns_record *record, struct str *out)
{
    char address[INET6_ADDRSTRLEN] = "";

    str_clear(out);
    str_printf(out, "%s. %u IN %s ", answer->name, record->ttl_s, dns_type_name(record->type));
    if (record->type == DNS_MX)
        str_printf(out, "%u %s.", record->preference, record->name);
    else if (record->type == DNS_SRV)
        str_printf(out, "%u %u %u %s.", record->preference, record->weight, record->port, record->name);
    else if (record->type == DNS_NS || record->type == DNS_CNAME || record->type == DNS_PTR)
        str_printf(out, "%s.", record->name);
    else if (record->type == DNS_TXT)
        str_put(out, record->name);
    else if (inet_ntop(record->type == DNS_AAAA ? AF_INET6 : AF_INET, record->data, address, sizeof(address)) != NULL)
        str_put(out, address);
}

static const char hides_all[] = "4.7.0";

enum judgement { SHOW, HIDE, BAD };

static enum judgement judge(struct maps *filter, const char *title, const char *text)
{
    struct str action = {0};
    enum judgement judgement = SHOW;

    switch (maps_find(filter, text, &action, NULL)) {
    case TABLE_ABSENT:
        break;
    case TABLE_FAILED:
        judgement = BAD;
        break;
    case TABLE_FOUND:
        judgement = text_equal_nocase(str_text(&action), "IGNORE") ? HIDE : BAD;
        if (judgement == BAD)
            log_warning("%s: unknown DNS filter action: \"%s\"", title, str_text(&action));
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

enum dns_outcome dns_filter_apply(struct maps *filter, const char *title, const char *name, enum dns_type type,
    struct arena *arena, struct dns_answer *answer)
{
    struct str text = {0};
    size_t kept = 0;
    bool bad = false;

    if (answer->outcome != DNS_FOUND || maps_is_empty(filter))
        return answer->outcome;
    for (size_t i = 0; i < answer->count; i++) {
        put_record(answer, &answer->records[i], &text);
        enum judgement judgement = judge(filter, title, str_text(&text));
        if (judgement == SHOW)
            answer->records[kept++] = answer->records[i];
        bad |= judgement == BAD;
    }
    str_free(&text);
    answer->count = kept;
    if (bad)
        return fail(answer, name, type, "4.4.3", "Invalid DNS reply filter syntax", arena);
    if (kept == 0)
        return fail(answer, name, type, hides_all, "DNS reply filter drops all results", arena);
    return answer->outcome;
}

bool dns_filter_hides_all(const struct dns_answer *answer)
{
    return answer->outcome == DNS_TRY_AGAIN && answer->status != NULL && text_equal(answer->status, hides_all);
}
