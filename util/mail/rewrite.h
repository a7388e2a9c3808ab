/* rewrite.h: the standard form of an address (trivial-rewrite(8)): source route away, !-paths and % as configured, a domain for
 * bare names, $mydomain for short ones. Pure: text in, text out. */
#ifndef UTIL_MAIL_REWRITE_H
#define UTIL_MAIL_REWRITE_H
#include "util/config/config.h"

enum rewrite_context {
    REWRITE_LOCAL,  /* from here or from local_header_rewrite_clients: myorigin and mydomain are appended */
    REWRITE_REMOTE, /* from elsewhere: remote_header_rewrite_domain is appended, or nothing when that is empty */
};

/* address in internal form; the result (internal form) replaces *out. config: as the rewrite service sees it. */
void rewrite_address(const struct config *config, enum rewrite_context context, const char *address, struct str *out);
#endif
