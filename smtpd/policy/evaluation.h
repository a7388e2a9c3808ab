/* evaluation.h: one walk through restriction lists (policy.c starts it), and what the functions that decide share. */
#ifndef SMTPD_POLICY_EVALUATION_H
#define SMTPD_POLICY_EVALUATION_H
#include "qmgr/route/route.h"
#include "smtpd/policy/policy_facts.h"
#include "smtpd/policy/restriction.h"
#include "util/config/config.h"
#include "util/table/maps.h"
#include "util/table/match_list.h"

/* What a reply is about: "<name>: Sender address rejected: ..." */
enum subject_class {
    SUBJECT_CLIENT,
    SUBJECT_REVERSE_CLIENT, /* the name that its address has, verified or not */
    SUBJECT_CERTIFICATE,
    SUBJECT_HELO,
    SUBJECT_SENDER,
    SUBJECT_RECIPIENT,
    SUBJECT_ETRN,
    SUBJECT_DATA,
    SUBJECT_END_OF_MESSAGE,
    SUBJECT_LOGIN,
};

struct subject {
    enum subject_class class;
    const char *name;
};

struct policy {
    const struct config *config;
    struct router *router;
    struct arena *arena;
    struct restriction_parser parser;
    struct restriction_list *client, *helo, *sender, *relay, *recipient, *data, *end_of_data, *etrn;
    struct match_list *mynetworks;
    struct match_list *permit_mx_backup_networks;
    struct match_list *null_domains; /* access keys: whether parent domains match (smtpd_access_maps) */
    bool parent_matches;             /* parent_domain_matches_subdomains lists smtpd_access_maps */
    struct match_list *permit_actions; /* smtpd_log_access_permit_actions */
    struct maps *rbl_reply_maps;
    struct maps *dns_filter; /* smtpd_dns_reply_filter */
    struct verify_client *verify; /* NULL: not needed yet */
    struct own_address *own;
    struct maps *relay_certificates; /* relay_clientcerts */
    struct maps *canonical, *recipient_canonical, *virtual_alias;
    struct maps *login_owners; /* smtpd_sender_login_maps */
    struct maps *local_recipients, *relay_recipients, *virtual_mailboxes;
};

/* Asks other servers at once what the restriction at that index and those right behind it will ask one by one. */
typedef void evaluation_ask_ahead(struct evaluation *evaluation, const struct restriction_list *list, size_t index);

struct evaluation {
    struct policy *policy;
    evaluation_ask_ahead *ask_ahead;
    const struct policy_facts *facts;
    struct arena *arena;
    struct policy_result *result;
    struct policy_note **last_note;
    struct subject subject;         /* of the list being walked */
    const struct restriction_context *context; /* likewise */
    struct verdict defer_if_permit; /* code 0: nobody asked for it */
    struct verdict defer_if_reject;
    bool warn_only;                 /* the restriction at hand stands behind warn_if_reject */
    bool sender_checked;            /* against the tables of known addresses */
    bool recipient_checked;
    bool discarded;
    int depth;
    int entry_depth;
    struct dns_list_memory own_memory; /* where the facts bring none */
    const struct route *sender_route;    /* made when first asked for; NULL and failed: no answer */
    const struct route *recipient_route;
};

enum { EVALUATION_MAX_ENTRY_DEPTH = 50 }; /* of table entries that name lists, in lists that such entries named */

/* Walks a list. The name of what decided is noted in the result. */
enum decision evaluation_walk(struct evaluation *evaluation, const struct restriction_list *list);

/* The subject's texts. */
struct subject evaluation_client_subject(const struct evaluation *evaluation);
const char *evaluation_class_name(enum subject_class class); /* "Sender address" */

/* Says no (or only notes it, behind warn_if_reject): "<name>: Class rejected: detail" or only text. Enhanced codes are made to
 * fit what the reply is about. */
enum decision evaluation_reject(struct evaluation *evaluation, int code, const char *status,
    const struct subject *subject, const char *detail);
enum decision evaluation_reject_text(struct evaluation *evaluation, int code, const char *status,
    enum subject_class class, const char *text);
/* A 451: a table that knows about that name failed. */
enum decision evaluation_lookup_failure(struct evaluation *evaluation, enum subject_class class, const char *name);
/* A 451: where the sender's or recipient's mail goes can't be found out now. */
enum decision evaluation_route_failure(struct evaluation *evaluation, enum subject_class which);
/* A 451 about our own configuration. */
enum decision evaluation_server_error(struct evaluation *evaluation);
/* Remembers a 4xx to be given if nothing else says no; a later one doesn't replace it. */
void evaluation_defer_if_permit(struct evaluation *evaluation, int code, const char *status,
    const struct subject *subject, const char *detail);
void evaluation_defer_if_reject(struct evaluation *evaluation, int code, const char *status,
    const struct subject *subject, const char *detail);
void evaluation_note(struct evaluation *evaluation, enum policy_note_kind kind, const char *text, const char *value);
/* smtpd_log_access_permit_actions: "action=OK for Client host=name from table", if that action is listed. */
void evaluation_note_permit(struct evaluation *evaluation, const char *action, const struct subject *subject,
    const char *detail);

/* A DNS look-up, less what smtpd_dns_reply_filter hides. */
enum dns_outcome evaluation_ask_dns(struct evaluation *evaluation, const char *name, enum dns_type type,
    struct dns_answer *answer);

/* Who would get mail for the sender or the recipient. NULL: a look-up failed. */
const struct route *evaluation_route(struct evaluation *evaluation, enum subject_class which);
#endif
