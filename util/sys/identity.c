#include "util/sys/identity.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <unistd.h>

/* Who the process is at present; system calls are made only where that changes. */
static bool privileged;
static uid_t present_uid;
static gid_t present_gid;

void identity_start(void)
{
    present_uid = geteuid();
    present_gid = getegid();
    privileged = present_uid == 0;
}

bool identity_is_privileged(void)
{
    return privileged;
}

bool identity_become(uid_t uid, gid_t gid)
{
    if (uid == present_uid && gid == present_gid)
        return true;
    if (!privileged) {
        errno = EPERM;
        return uid == present_uid;
    }
    identity_back();
    if (setgroups(1, &gid) != 0 || setegid(gid) != 0 || seteuid(uid) != 0) {
        int error = errno;
        present_gid = getegid() == 0 ? (gid_t)-1 : getegid(); /* neither one nor the other: the next step starts over */
        identity_back();
        errno = error;
        return false;
    }
    present_uid = uid;
    present_gid = gid;
    return true;
}

void identity_back(void)
{
    static const gid_t root_group = 0;
    int error = errno;

    if (!privileged || (present_uid == 0 && present_gid == 0))
        return;
    if (seteuid(0) != 0 || setegid(0) != 0 || setgroups(1, &root_group) != 0)
        abort(); /* a process that isn't sure who it is must not go on */
    present_uid = 0;
    present_gid = 0;
    errno = error;
}
