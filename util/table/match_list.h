/* match_list.h: a list of patterns, as mynetworks, mydestination, relay_domains and the like are: names, .names, addresses,
 * net/mask, /file/name, type:table, with ! for "not". The first that matches decides. Postfix's matching is described with
 * each parameter and in parent_domain_matches_subdomains. */
#ifndef UTIL_TABLE_MATCH_LIST_H
#define UTIL_TABLE_MATCH_LIST_H
#include "util/table/table.h"

struct match_list;

enum {
    MATCH_PARENT = 1, /* a domain pattern matches its subdomains too (parent_domain_matches_subdomains lists the parameter) */
    MATCH_UTF8 = 2,
};

/* title: the parameter's name: says whether it stands in parent_domain_matches_subdomains, and for log lines. */
struct match_list *match_list_open(const struct config *config, const char *title, const char *patterns);
void match_list_close(struct match_list *list);
/* What would be said to whoever comes to the first pattern that can't be understood (constant as long as the list is). NULL:
 * all can. */
const char *match_list_flaw(const struct match_list *list);
bool match_list_is_empty(const struct match_list *list);
bool match_list_may_wait(const struct match_list *list);
bool match_list_has_changed(struct match_list *list);

/* A domain (relay_domains, mydestination ...). TABLE_FOUND: matches. *value (may be NULL): right-hand side if a table matched. */
enum table_result match_list_domain(struct match_list *list, const char *domain, struct str *value);
/* A client: name and address text ("unknown", "192.0.2.1"). */
enum table_result match_list_client(struct match_list *list, const char *name, const char *address);
/* A plain string, compared without case. */
enum table_result match_list_text(struct match_list *list, const char *text);
#endif
