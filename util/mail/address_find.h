/* address_find.h: looks an address up the way canonical(5), virtual(5), access(5) and relocated(5) describe: whole, without
 * extension, local part alone where the domain is ours, @domain. */
#ifndef UTIL_MAIL_ADDRESS_FIND_H
#define UTIL_MAIL_ADDRESS_FIND_H
#include "util/table/maps.h"

/* Which forms are tried, in this order. */
enum {
    FIND_FULL = 1,          /* user+extension@domain */
    FIND_NO_EXTENSION = 2,  /* user@domain */
    FIND_LOCAL = 4,         /* user+extension, when the domain is local (local_domain_matters) */
    FIND_LOCAL_NO_EXTENSION = 8, /* user, likewise */
    FIND_AT_DOMAIN = 16,    /* @domain */
    FIND_LOCAL_AT = 32,     /* user@ and user+extension@ (access maps) */
    FIND_DOMAIN = 64,       /* domain, and its parents (access, transport style) */
    FIND_ALL = FIND_FULL | FIND_NO_EXTENSION | FIND_LOCAL | FIND_LOCAL_NO_EXTENSION | FIND_AT_DOMAIN,
};

struct address_find {
    struct maps *maps;
    const char *delimiters;      /* recipient_delimiter */
    bool owner_special;          /* owner_request_special */
    unsigned forms;              /* FIND_* */
    /* Whether a bare local part may be looked up for this domain (it is $myorigin, in $mydestination, $inet_interfaces or
     * $proxy_interfaces). NULL: never. */
    bool (*domain_is_local)(void *context, const char *domain);
    void *context;
};

/* On TABLE_FOUND, *value is the result and *extension (arena-free: appended to the str, may be NULL) is the extension with its
 * delimiter when the match was without it ("" otherwise). */
enum table_result address_find(const struct address_find *find, const char *address, struct str *value,
    struct str *extension, const char **table);
#endif
