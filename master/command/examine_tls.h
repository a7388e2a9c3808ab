/* examine_tls.h: whether the keys, certificates and lists that TLS needs can be used, for each SMTP server and client of master.cf. */
#ifndef MASTER_COMMAND_EXAMINE_TLS_H
#define MASTER_COMMAND_EXAMINE_TLS_H
#include <stdbool.h>

#include "util/config/config.h"

/* One line for each finding, in the log and on standard error. False: some service couldn't offer or use TLS as configured. */
bool examine_tls(const struct config *config);
#endif
