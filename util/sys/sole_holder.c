#include "util/sys/sole_holder.h"

#include <fcntl.h>
#include <signal.h>

#ifdef F_SETLEASE
bool sole_holder(int fd)
{
    static bool ready;

    if (!ready) { /* sent when somebody opens the file while we have the lease */
        (void)signal(SIGIO, SIG_IGN); /* SIGIO exists */
        ready = true;
    }
    /* The kernel grants a lease for writing only where no other open description of the file exists. */
    return fcntl(fd, F_SETLEASE, F_WRLCK) == 0 && fcntl(fd, F_SETLEASE, F_UNLCK) == 0;
}
#else
bool sole_holder(int fd)
{
    return false;
}
#endif
