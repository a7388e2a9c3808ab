/* dns_list_reply.h: the reply for what a DNS list has: default_rbl_reply and rbl_reply_maps with their names filled in. */
#ifndef SMTPD_POLICY_DNS_LIST_REPLY_H
#define SMTPD_POLICY_DNS_LIST_REPLY_H
#include "smtpd/policy/evaluation.h"

/* A host, name or address that is listed. */
struct listing {
    const char *domain;      /* of the list */
    const char *as_written;  /* the same with its filter: the key in rbl_reply_maps */
    const char *what;        /* what is listed, as the reply shows it */
    const char *class;       /* "Client host", "Unverified Client host", ... */
    enum subject_class subject;
    const char *reason;      /* from the list's TXT records, or "" */
};

/* Says no with it. */
enum decision dns_list_reply(struct evaluation *evaluation, const struct listing *listing);
#endif
