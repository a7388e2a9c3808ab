/* exposure.h: who can reach a service of master.cf, as far as its address tells. */
#ifndef SMTPD_REHEARSE_EXPOSURE_H
#define SMTPD_REHEARSE_EXPOSURE_H
#include "util/config/config.h"
#include "util/config/master_cf.h"

enum exposure {
    EXPOSURE_NONE,    /* this machine only */
    EXPOSURE_PRIVATE, /* networks that aren't routed in the Internet (RFC 1918, 4193, 3927, 6598) */
    EXPOSURE_PUBLIC,  /* everybody, unless something in front of it says otherwise */
};

/* config: main.cf's, whose inet_interfaces count where the service names no address. */
enum exposure exposure_of(const struct master_cf_entry *entry, const struct config *config);
/* Of one address, host name or "all", "loopback-only". A name that can't be looked up counts as public. */
enum exposure exposure_of_host(const char *host);
#endif
