/* peer.h: who is at the other end of a Unix socket, as the kernel knows it. */
#ifndef UTIL_SYS_PEER_H
#define UTIL_SYS_PEER_H
#include <stdbool.h>
#include <sys/types.h>

/* The identity the peer had when it connected. False with errno where the socket has none. */
bool peer_identity(int socket, uid_t *uid, gid_t *gid);
#endif
