#include "util/sys/peer.h"

#include <sys/socket.h>
#include <unistd.h>

#ifdef __linux__
bool peer_identity(int socket, uid_t *uid, gid_t *gid)
{
    struct ucred credentials;
    socklen_t size = sizeof(credentials);

    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
        return false;
    *uid = credentials.uid;
    *gid = credentials.gid;
    return true;
}
#else
bool peer_identity(int socket, uid_t *uid, gid_t *gid)
{
    return getpeereid(socket, uid, gid) == 0;
}
#endif
