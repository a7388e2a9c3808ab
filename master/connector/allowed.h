/* allowed.h: which sockets in private/ the configuration names. */
#ifndef MASTER_CONNECTOR_ALLOWED_H
#define MASTER_CONNECTOR_ALLOWED_H
#include <stdbool.h>

#include "util/base/str.h"
#include "util/config/master_cf.h"

/* Adds the text of a main.cf or master.cf without its comments. */
void allowed_add(struct str *text, const char *file_text, size_t length);
/* path: "private/auth". Whether text (or Posthaste itself) names it: as a whole word, so that "private/au" isn't. */
bool allowed_path(const struct str *text, const char *path);
/* Whether the path is in private/ and isn't one of master.cf's services: some other program's socket, which a transport
 * table may name as next hop of lmtp. */
bool allowed_foreign_path(const struct master_cf *master_cf, const char *path);
#endif
