#include "util/sys/file_lock.h"

#include <errno.h>
#include <sys/file.h>

bool file_lock_take(int fd, bool wait)
{
    while (flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR)
            continue;
        if (errno == EWOULDBLOCK)
            errno = EAGAIN;
        return false;
    }
    return true;
}
