/* file_lock.h: the kernel's lock on an open file; it goes away with the last descriptor of that opening. */
#ifndef UTIL_SYS_FILE_LOCK_H
#define UTIL_SYS_FILE_LOCK_H
#include <stdbool.h>

/* Takes the exclusive lock (flock). Without wait, false with EAGAIN when somebody else holds it. */
bool file_lock_take(int fd, bool wait);
#endif
