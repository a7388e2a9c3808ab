/* examine_tls.h: whether the keys, certificates and lists that TLS needs can be used, for each SMTP server and client of
 * master.cf. */
#ifndef MASTER_COMMAND_EXAMINE_TLS_H
#define MASTER_COMMAND_EXAMINE_TLS_H
#include <stdbool.h>

#include "util/config/config.h"

/* One line for each finding, in the log and on standard error. False: some service couldn't offer or use TLS as configured. */
bool examine_tls(const struct config *config);

/* A line in the log for each certificate of an SMTP server that is out of date or will be within 14 days. */
void examine_tls_expiry(const struct config *config);
#endif
