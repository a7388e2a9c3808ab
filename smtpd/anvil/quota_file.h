/* quota_file.h: sums of limits that last longer than a process of anvil(8): a small file in data_directory. It is rewritten in
 * place; a checksum tells whether that was finished. Losing it costs nothing but the sums. */
#ifndef SMTPD_ANVIL_QUOTA_FILE_H
#define SMTPD_ANVIL_QUOTA_FILE_H
#include "smtpd/anvil/quota.h"
#include "util/config/config.h"

/* Opens it (before confinement). -1: that isn't possible, which was logged. */
int quota_file_open(const struct config *config);
/* -1 is allowed: nothing happens. */
void quota_file_load(int fd, struct quota *quota);
void quota_file_save(int fd, struct quota *quota);
#endif
