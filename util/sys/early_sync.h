/* early_sync.h: half of making a new file durable, for one that gets its name afterwards. */
#ifndef UTIL_SYS_EARLY_SYNC_H
#define UTIL_SYS_EARLY_SYNC_H
#include <stdbool.h>

/* Brings a file's content so far that a rename of the file, followed by an fsync of the folder it went to, leaves either no name
 * or the whole file behind, whenever the power fails; and that after that fsync both are durable. That is fsync itself, except
 * where a file system's one journal is known to order and to flush it all with the folder's fsync: there it only writes the bytes
 * out, and one journal commit is saved. False with errno. (What it found out about a device is kept in a static.) */
bool early_sync_content(int fd);
/* Starts the writing and doesn't wait for it: worth its while where other files are written before early_sync_content. False with
 * errno. */
bool early_sync_begin(int fd);
#endif
