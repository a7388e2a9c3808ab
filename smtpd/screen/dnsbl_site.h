/* dnsbl_site.h: the syntax of postscreen_dnsbl_sites (postconf(5)): domain=filter*weight. A filter is d.d.d.d, each d a number
 * or [ ] with numbers and ranges a..b, separated by ";". */
#ifndef SMTPD_SCREEN_DNSBL_SITE_H
#define SMTPD_SCREEN_DNSBL_SITE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/base/arena.h"
#include "util/base/str.h"
#include "util/net/ip_address.h"

struct dnsbl_pattern {
    uint8_t allowed[4][32]; /* one bit for each value of each byte */
};

struct dnsbl_site {
    const char *domain;
    bool filtered;
    struct dnsbl_pattern pattern;
    int weight;
};

/* One entry of postscreen_dnsbl_sites. False: *why (replaced) says what is wrong with it. */
bool dnsbl_site_parse(const char *text, struct arena *arena, struct dnsbl_site *site, struct str *why);
/* A whole list. Sites live in the arena. */
bool dnsbl_site_parse_list(const char *list, struct arena *arena, struct dnsbl_site **sites, size_t *count, struct str *why);

/* Whether an answer (four bytes) counts for this site. */
bool dnsbl_site_matches(const struct dnsbl_site *site, const unsigned char bytes[4]);
/* Appends the name to ask for: the address backwards, and the domain. */
void dnsbl_site_put_name(const struct ip_address *address, const char *domain, struct str *out);
#endif
