/* dns.h: questions to the name server that resolv.conf names, and their answers, decoded with bounds. The C library's
 * resolver asks (its time limits and retries); its state is kept once per process. Errors read as in Postfix's log. */
#ifndef UTIL_NET_DNS_H
#define UTIL_NET_DNS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "util/base/arena.h"

/* The numbers of RFC 1035 and its successors. */
enum dns_type {
    DNS_A = 1,
    DNS_NS = 2,
    DNS_CNAME = 5,
    DNS_PTR = 12,
    DNS_MX = 15,
    DNS_TXT = 16,
    DNS_AAAA = 28,
    DNS_SRV = 33,
    DNS_TLSA = 52,
};

enum dns_outcome {
    DNS_FOUND,       /* at least one record */
    DNS_NO_NAME,     /* the name doesn't exist (NXDOMAIN) */
    DNS_NO_DATA,     /* the name exists, without this type */
    DNS_NULL_MX,     /* the only MX record is ".": takes no mail (RFC 7505) */
    DNS_INVALID,     /* an answer came, but what is in it is malformed */
    DNS_TRY_AGAIN,   /* SERVFAIL, REFUSED, time-out: nothing is known; later maybe */
    DNS_UNRECOVERABLE, /* FORMERR and the like: nothing is known, and asking again won't help */
};

/* Not found for certain, as opposed to not known. */
static inline bool dns_is_absent(enum dns_outcome outcome)
{
    return outcome == DNS_NO_NAME || outcome == DNS_NO_DATA;
}

struct dns_record {
    enum dns_type type;
    uint32_t ttl_s;
    uint16_t preference;       /* MX; SRV: priority */
    uint16_t weight;           /* SRV */
    uint16_t port;             /* SRV */
    const char *name;          /* MX, NS, CNAME, PTR, SRV: the host or domain named, without final dot. TXT: the text, unprintable bytes as '?' */
    const unsigned char *data; /* A: 4 bytes, AAAA: 16 bytes, TLSA: usage, selector, matching type, data */
    size_t length;
};

struct dns_answer {
    enum dns_outcome outcome;
    bool secure;               /* the AD bit: validated by a resolver that DNS_DNSSEC said to trust; also for absent names */
    const char *name;          /* owner of the records: the name asked, or where its CNAMEs led */
    struct dns_record *records;
    size_t count;
    /* When there are no records: why, in words ("Host or domain name not found. Name service error for name=x type=MX:
     * Host not found, try again"), and the enhanced status code for a delivery that failed thereby ("5.4.4", "4.4.3"). */
    const char *text;
    const char *status;
};

enum {
    DNS_DEFNAMES = 1, /* complete a name without a dot (res_defnames) */
    DNS_SEARCH = 2,   /* try the domains of resolv.conf's search list (res_dnsrch) */
    DNS_DNSSEC = 4,   /* ask for validation and believe the AD bit of the resolver */
};

/* Asks one question; follows CNAMEs (10 at most). Everything in *answer lives in the arena. Names that aren't ASCII are asked
 * in their A-label form. Host names in answers are checked; bad ones are logged and left out. */
enum dns_outcome dns_lookup(const char *name, enum dns_type type, unsigned flags, struct arena *arena,
    struct dns_answer *answer);

/* Several questions at once, so that the slowest answer is all the time they take. Each answer is as dns_lookup would give it. */
struct dns_question {
    const char *name;
    enum dns_type type;
    struct dns_answer answer;
};
void dns_lookup_all(struct dns_question *questions, size_t count, struct arena *arena); /* dns_batch.c */

/* Decodes a reply to a question asked by other means. False: it isn't the reply to that question, or it is cut short or an
 * alias leads elsewhere: ask with dns_lookup. */
bool dns_decode(const void *reply, size_t length, const char *asked, enum dns_type type, struct arena *arena,
    struct dns_answer *answer);

/* "MX" for DNS_MX. */
const char *dns_type_name(enum dns_type type);

/* Puts an A or AAAA record into a socket address with that port; its length. */
socklen_t dns_record_address(const struct dns_record *record, uint16_t port, struct sockaddr_storage *address);
#endif
