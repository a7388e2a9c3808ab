#include "util/net/dns.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>

#include "util/base/str.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/net/host_name.h"
#include "util/net/idn.h"

enum { MAX_ALIASES = 10, MAX_RECORDS = 200, REPLY_BYTES = 65535 };

static const struct {
    enum dns_type type;
    const char *name;
} types[] = {
    { DNS_A, "A" },     { DNS_NS, "NS" },   { DNS_CNAME, "CNAME" }, { DNS_PTR, "PTR" },   { DNS_MX, "MX" },
    { DNS_TXT, "TXT" }, { DNS_AAAA, "AAAA" }, { DNS_SRV, "SRV" },   { DNS_TLSA, "TLSA" },
};

/* What an outcome without records is called; the texts are those of Postfix's log. */
static const struct {
    enum dns_outcome outcome;
    const char *status;
    const char *before; /* the name asked */
    const char *after;  /* its type */
} failures[] = {
#define NOT_FOUND "Host or domain name not found. Name service error for name="
    { DNS_NO_NAME, "5.4.4", NOT_FOUND, ": Host not found" },
    { DNS_NO_DATA, "5.4.4", NOT_FOUND, ": Host found but no data record of requested type" },
    { DNS_INVALID, "5.4.4", "Name service error for name=", ": Malformed or unexpected name server reply" },
    { DNS_TRY_AGAIN, "4.4.3", NOT_FOUND, ": Host not found, try again" },
    { DNS_UNRECOVERABLE, "5.4.3", NOT_FOUND, ": Non-recoverable error" },
#undef NOT_FOUND
};

/* The resolver's state: what resolv.conf says, and its sockets. Once per process. */
static struct {
    struct __res_state state;
    bool ready;
    unsigned long options;
    unsigned char reply[REPLY_BYTES];
} resolver;

const char *dns_type_name(enum dns_type type)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (types[i].type == type)
            return types[i].name;
    }
    return "?";
}

static bool start_resolver(unsigned flags)
{
    if (!resolver.ready) {
        if (res_ninit(&resolver.state) != 0)
            return false;
        resolver.options = resolver.state.options & ~(unsigned long)(RES_DEFNAMES | RES_DNSRCH);
        resolver.ready = true;
    }
    resolver.state.options = resolver.options;
    if (flags & DNS_DEFNAMES)
        resolver.state.options |= RES_DEFNAMES;
    if (flags & DNS_SEARCH)
        resolver.state.options |= RES_DNSRCH;
    if (flags & DNS_DNSSEC)
        resolver.state.options |= RES_USE_EDNS0 | RES_USE_DNSSEC | RES_TRUSTAD;
    return true;
}

/* Asks; the length of the reply, or 0 and *outcome. */
static size_t ask(const char *name, enum dns_type type, unsigned flags, bool *secure, enum dns_outcome *outcome)
{
    HEADER header = {0};

    *secure = false;
    *outcome = DNS_TRY_AGAIN;
    if (!start_resolver(flags))
        return 0;
    memset(resolver.reply, 0, sizeof(header)); /* a failed call may leave it alone; then nothing is secure */
    int length = flags & (DNS_DEFNAMES | DNS_SEARCH)
                     ? res_nsearch(&resolver.state, name, ns_c_in, (int)type, resolver.reply, REPLY_BYTES)
                     : res_nquery(&resolver.state, name, ns_c_in, (int)type, resolver.reply, REPLY_BYTES);
    memcpy(&header, resolver.reply, sizeof(header));
    *secure = (flags & DNS_DNSSEC) && header.ad;
    if (length > 0)
        return length > REPLY_BYTES ? REPLY_BYTES : (size_t)length;
    switch (resolver.state.res_h_errno) {
    case HOST_NOT_FOUND:
        *outcome = DNS_NO_NAME;
        break;
    case NO_DATA:
        *outcome = DNS_NO_DATA;
        break;
    case NO_RECOVERY:
        *outcome = DNS_UNRECOVERABLE;
        break;
    }
    return 0;
}

/* A domain name at some place in the reply, as text without final dot. */
static bool expand(const ns_msg *message, const unsigned char *at, char *name, size_t size)
{
    if (dn_expand(ns_msg_base(*message), ns_msg_end(*message), at, name, (int)size) < 0)
        return false;
    size_t length = strlen(name);
    if (length > 0 && name[length - 1] == '.')
        name[length - 1] = '\0';
    return true;
}

/* Where the CNAMEs of this reply lead from name; true if anywhere. */
static bool follow_aliases(ns_msg *message, char name[NS_MAXDNAME])
{
    bool moved = false;
    ns_rr record;

    for (int i = 0; i < ns_msg_count(*message, ns_s_an) && i < MAX_ALIASES; i++) {
        bool again = false;
        for (int j = 0; j < ns_msg_count(*message, ns_s_an) && j < MAX_RECORDS; j++) {
            if (ns_parserr(message, ns_s_an, j, &record) != 0)
                return moved;
            if (ns_rr_type(record) == ns_t_cname && text_equal_nocase(ns_rr_name(record), name)
                && expand(message, ns_rr_rdata(record), name, NS_MAXDNAME))
                again = moved = true;
        }
        if (!again)
            break;
    }
    return moved;
}

static bool host_is_acceptable(const char *host, enum dns_type type, const char *owner)
{
    if (host_name_is_address(host, HOST_NAME_SILENT)) {
        log_warning("numeric domain name in resource data of %s record for %s: %.100s", dns_type_name(type), owner, host);
        return true;
    }
    if (host_name_is_valid(host, HOST_NAME_GRIPE))
        return true;
    log_warning("malformed domain name in resource data of %s record for %s: %.100s", dns_type_name(type), owner, host);
    return false;
}

/* Record data that is a name, `skip` bytes behind its start. */
static bool take_name(const ns_msg *message, const ns_rr *rr, size_t skip, struct arena *arena, struct dns_record *record)
{
    char name[NS_MAXDNAME];

    if (ns_rr_rdlen(*rr) <= skip || !expand(message, ns_rr_rdata(*rr) + skip, name, sizeof(name)))
        return false;
    bool is_root = name[0] == '\0';
    if (is_root ? record->type != DNS_MX && record->type != DNS_SRV
                : !host_is_acceptable(name, record->type, ns_rr_name(*rr)))
        return false;
    record->name = arena_copy_text(arena, name);
    return true;
}

/* The character strings of a TXT record, joined. */
static bool take_text(const ns_rr *rr, struct arena *arena, struct dns_record *record)
{
    const unsigned char *data = ns_rr_rdata(*rr);
    size_t left = ns_rr_rdlen(*rr);
    struct str text = {0};

    while (left > 0) {
        size_t length = data[0];
        if (length > left - 1)
            break;
        text_put_printable(&text, (const char *)data + 1, length, '?', false);
        data += length + 1;
        left -= length + 1;
    }
    record->name = arena_copy_text(arena, str_text(&text));
    str_free(&text);
    return left == 0;
}

static bool take_bytes(const ns_rr *rr, size_t minimum, size_t maximum, struct arena *arena, struct dns_record *record)
{
    size_t length = ns_rr_rdlen(*rr);

    if (length < minimum || length > maximum)
        return false;
    record->data = (const unsigned char *)arena_copy_bytes(arena, ns_rr_rdata(*rr), length);
    record->length = length;
    return true;
}

/* Decodes one record's data; false: malformed. */
static bool take_record(const ns_msg *message, const ns_rr *rr, struct arena *arena, struct dns_record *record)
{
    const unsigned char *data = ns_rr_rdata(*rr);

    *record = (struct dns_record){ .type = (enum dns_type)ns_rr_type(*rr), .ttl_s = ns_rr_ttl(*rr) };
    switch (record->type) {
    case DNS_A:
        return take_bytes(rr, 4, 4, arena, record);
    case DNS_AAAA:
        return take_bytes(rr, 16, 16, arena, record);
    case DNS_TLSA:
        return take_bytes(rr, 4, UINT16_MAX, arena, record);
    case DNS_TXT:
        return take_text(rr, arena, record);
    case DNS_NS:
    case DNS_CNAME:
    case DNS_PTR:
        return take_name(message, rr, 0, arena, record);
    case DNS_MX:
        if (ns_rr_rdlen(*rr) < 3)
            return false;
        record->preference = ns_get16(data);
        return take_name(message, rr, 2, arena, record);
    case DNS_SRV:
        if (ns_rr_rdlen(*rr) < 7)
            return false;
        record->preference = ns_get16(data);
        record->weight = ns_get16(data + 2);
        record->port = ns_get16(data + 4);
        return take_name(message, rr, 6, arena, record);
    }
    return false;
}

/* The records of this type and owner. DNS_NO_DATA: there is none. */
static enum dns_outcome take_records(ns_msg *message, enum dns_type type, struct arena *arena, struct dns_answer *answer)
{
    int total = ns_msg_count(*message, ns_s_an) < MAX_RECORDS ? ns_msg_count(*message, ns_s_an) : MAX_RECORDS;
    bool any_bad = false;
    ns_rr rr;

    answer->records = arena_allocate(arena, (size_t)(total + 1) * sizeof(*answer->records));
    for (int i = 0; i < total; i++) {
        if (ns_parserr(message, ns_s_an, i, &rr) != 0)
            return DNS_INVALID;
        if ((int)ns_rr_type(rr) != (int)type || ns_rr_class(rr) != ns_c_in
            || !text_equal_nocase(ns_rr_name(rr), answer->name))
            continue;
        if (take_record(message, &rr, arena, &answer->records[answer->count]))
            answer->count++;
        else
            any_bad = true;
    }
    if (answer->count == 0)
        return any_bad ? DNS_INVALID : DNS_NO_DATA;
    if (type == DNS_MX && answer->count == 1 && answer->records[0].name[0] == '\0') {
        answer->count = 0;
        return DNS_NULL_MX;
    }
    return DNS_FOUND;
}

/* One question and its reply, and the questions that its aliases raise. */
static enum dns_outcome look_up(const char *asked, enum dns_type type, unsigned flags, struct arena *arena,
    struct dns_answer *answer)
{
    char name[NS_MAXDNAME];
    bool secure = true;

    if (strlen(asked) >= sizeof(name))
        return DNS_NO_NAME;
    memcpy(name, asked, strlen(asked) + 1);
    for (int i = 0; i <= MAX_ALIASES; i++) {
        enum dns_outcome outcome;
        ns_msg message;
        bool reply_secure;
        size_t length = ask(name, type, flags, &reply_secure, &outcome);

        secure = secure && reply_secure;
        answer->secure = secure;
        if (length == 0)
            return outcome;
        if (ns_initparse(resolver.reply, (int)length, &message) != 0)
            return DNS_INVALID;
        ns_rr question;
        if (flags & (DNS_DEFNAMES | DNS_SEARCH) && ns_parserr(&message, ns_s_qd, 0, &question) == 0)
            (void)snprintf(name, sizeof(name), "%s", ns_rr_name(question)); /* the completed name; same size */
        bool moved = type != DNS_CNAME && follow_aliases(&message, name);
        answer->name = arena_copy_text(arena, name);
        outcome = take_records(&message, type, arena, answer);
        if (outcome != DNS_NO_DATA || !moved)
            return outcome;
    }
    log_warning("%s: name server loop: more than %d CNAME records", asked, MAX_ALIASES);
    return DNS_INVALID;
}

static void describe(const char *name, enum dns_type type, struct arena *arena, struct dns_answer *answer)
{
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        if (failures[i].outcome == answer->outcome) {
            answer->status = failures[i].status;
            answer->text = arena_printf(arena, "%s%s type=%s%s", failures[i].before, name, dns_type_name(type),
                failures[i].after);
        }
    }
    if (answer->outcome == DNS_NULL_MX) {
        answer->status = "5.1.0";
        answer->text = arena_printf(arena, "Domain %s does not accept mail (nullMX)", name);
    }
}

static enum dns_outcome outcome_of_rcode(int rcode)
{
    switch (rcode) {
    case ns_r_noerror:
        return DNS_NO_DATA;
    case ns_r_nxdomain:
        return DNS_NO_NAME;
    case ns_r_formerr:
    case ns_r_notimpl:
        return DNS_UNRECOVERABLE;
    }
    return DNS_TRY_AGAIN;
}

bool dns_decode(const void *reply, size_t length, const char *asked, enum dns_type type, struct arena *arena,
    struct dns_answer *answer)
{
    char name[NS_MAXDNAME];
    ns_msg message;
    ns_rr question;

    *answer = (struct dns_answer){ .name = arena_copy_text(arena, asked) };
    if (strlen(asked) >= sizeof(name) || length > REPLY_BYTES || ns_initparse(reply, (int)length, &message) != 0
        || !ns_msg_getflag(message, ns_f_qr) || ns_msg_getflag(message, ns_f_tc)
        || ns_parserr(&message, ns_s_qd, 0, &question) != 0 || (int)ns_rr_type(question) != (int)type
        || !text_equal_nocase(ns_rr_name(question), asked))
        return false;
    memcpy(name, asked, strlen(asked) + 1);
    answer->outcome = outcome_of_rcode((int)ns_msg_getflag(message, ns_f_rcode));
    if (answer->outcome == DNS_NO_DATA) {
        bool moved = type != DNS_CNAME && follow_aliases(&message, name);
        answer->name = arena_copy_text(arena, name);
        answer->outcome = take_records(&message, type, arena, answer);
        if (answer->outcome == DNS_NO_DATA && moved)
            return false;
    }
    describe(asked, type, arena, answer);
    return true;
}

enum dns_outcome dns_lookup(const char *name, enum dns_type type, unsigned flags, struct arena *arena,
    struct dns_answer *answer)
{
    struct str ascii = {0};

    *answer = (struct dns_answer){ .name = arena_copy_text(arena, name) };
    if (!idn_to_ascii(name, &ascii) || ascii.length == 0)
        answer->outcome = DNS_NO_NAME;
    else
        answer->outcome = look_up(str_text(&ascii), type, flags, arena, answer);
    str_free(&ascii);
    describe(name, type, arena, answer);
    return answer->outcome;
}

socklen_t dns_record_address(const struct dns_record *record, uint16_t port, struct sockaddr_storage *address)
{
    memset(address, 0, sizeof(*address));
    if (record->type == DNS_A) {
        struct sockaddr_in *in = (struct sockaddr_in *)address;
        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        memcpy(&in->sin_addr, record->data, 4);
        return sizeof(*in);
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    memcpy(&in6->sin6_addr, record->data, 16);
    return sizeof(*in6);
}
