/* chroot_files.h: what the resolver needs in a chroot (queue_directory), when master.cf has services there. Distributions have
 * scripts for this; here start and reload see to it. */
#ifndef MASTER_COMMAND_CHROOT_FILES_H
#define MASTER_COMMAND_CHROOT_FILES_H
#include "util/config/config.h"

/* Copies those files of /etc that are missing or differ. Warns of what can't be copied; mail to literal addresses still works. */
void chroot_files_refresh(const struct config *config);
#endif
