/* dns_list.h: what DNS lists say about a client, a name or an address (reject_rbl_client and its kin), remembered for the session.
 * Failures are not remembered. */
#ifndef SMTPD_POLICY_DNS_LIST_H
#define SMTPD_POLICY_DNS_LIST_H
#include "util/base/arena.h"
#include "util/net/dns.h"
#include "util/net/octet_pattern.h"

/* "zen.example=127.0.0.[2..11]" */
struct dns_list {
    const char *domain;
    const char *filter; /* as written, or NULL: any answer counts */
    const char *domain_and_filter; /* where there is a filter: the key in rbl_reply_maps */
    struct octet_pattern pattern;
};

/* Takes a restriction's argument apart. False: *why (replaced) says what is wrong. */
bool dns_list_parse(const char *text, struct arena *arena, struct dns_list *list, struct str *why);

/* What lists have answered about this client, and its memory. */
struct dns_list_memory {
    struct arena *arena; /* of the connection */
    struct dns_list_answer *answers;
    size_t count;
};

struct dns_list_answer {
    const char *name; /* "1.2.0.192.zen.example" */
    struct dns_answer a;
    struct dns_list_answer *next;
};

/* Asks for names that aren't known yet, side by side. */
void dns_list_ask(struct dns_list_memory *memory, const char *const *names, size_t count);
/* What is known about a name; asks if nothing is. */
const struct dns_answer *dns_list_find(struct dns_list_memory *memory, const char *name);
/* Whether an answer is one that counts for that list. */
bool dns_list_counts(const struct dns_list *list, const struct dns_answer *answer);

/* "1.2.0.192" for 192.0.2.1; 32 nibbles for an IPv6 address. NULL: not an address. */
const char *dns_list_reverse(const char *address, struct arena *arena);
#endif
