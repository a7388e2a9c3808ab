#include "util/sys/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#if defined(__linux__) || defined(__FreeBSD__)
void process_close_from(int first)
{
    if (close_range((unsigned)first, ~0U, 0) == 0)
        return;
    for (int fd = first; fd < sysconf(_SC_OPEN_MAX); fd++)
        (void)close(fd); /* most of them aren't open */
}

int process_shared_memory(size_t size_bytes)
{
    int fd = memfd_create("board", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0)
        return -1;
    /* Sealed: whoever holds the descriptor can't shrink what others have mapped. */
    if (ftruncate(fd, (off_t)size_bytes) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0)
        return fd;
    (void)close(fd); /* errno of ftruncate is what counts */
    errno = ENOMEM;
    return -1;
}
#else
void process_close_from(int first)
{
    closefrom(first);
}

int process_shared_memory(size_t size_bytes)
{
    char name[64];

    (void)snprintf(name, sizeof(name), "/posthaste.%ld", (long)getpid());
    int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        return -1;
    (void)shm_unlink(name); /* the descriptor is all that is needed */
    if (ftruncate(fd, (off_t)size_bytes) == 0)
        return fd;
    (void)close(fd); /* errno of ftruncate is what counts */
    errno = ENOMEM;
    return -1;
}
#endif

bool process_refuse_new_privileges(void)
{
#ifdef __linux__
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
#else
    return true; /* pledge and Capsicum include it */
#endif
}

void process_yield_when_woken(void)
{
#ifdef __linux__
    struct sched_param none = {0};

    if (sched_getscheduler(0) == SCHED_OTHER)
        (void)sched_setscheduler(0, SCHED_BATCH | SCHED_RESET_ON_FORK, &none); /* containers may forbid it */
#endif
}

bool process_become(uid_t uid, gid_t gid, const gid_t *groups, size_t group_count)
{
    if (setgroups(group_count, groups) != 0 || setgid(gid) != 0 || setuid(uid) != 0)
        return false;
    /* Having got rid of root must be certain, not only reported. */
    if (uid != 0 && setuid(0) == 0) {
        errno = EPERM;
        return false;
    }
    return true;
}
