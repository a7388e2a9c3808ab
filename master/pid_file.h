/* pid_file.h: pid/master.pid and master.lock below data_directory: who runs this instance. The kernel's lock counts, not the
 * number inside. */
#ifndef MASTER_PID_FILE_H
#define MASTER_PID_FILE_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/base/str.h"
#include "util/config/config.h"

/* Takes the lock; it is held as long as the process lives. False: *why is Postfix's line; *other is who holds it, or 0.
 * The current folder must be queue_directory. */
bool pid_file_take(const struct config *config, pid_t *other, struct str *why);
/* Writes this process's number into what was taken (after it went into the background). */
void pid_file_write(void);
/* A reload was dealt with: the file of process ids gets a new time. */
void pid_file_mark_reload(void);
/* When that happened the last time, or the start, in ns since 1970; 0: not known. */
int64_t pid_file_reload_ns(const struct config *config);
/* Who runs: 0 if nobody does, -1 if somebody does who left no number. */
pid_t pid_file_find(const struct config *config);
#endif
