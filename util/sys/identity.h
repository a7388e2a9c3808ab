/* identity.h: a privileged process that acts as somebody else for a moment (effective user, group, groups), and goes back. */
#ifndef UTIL_SYS_IDENTITY_H
#define UTIL_SYS_IDENTITY_H
#include <stdbool.h>
#include <sys/types.h>

/* Remembers whether this process is privileged; call once at start. Without privilege identity_become only succeeds for the
 * process's own user. */
void identity_start(void);
bool identity_is_privileged(void);

/* Acts as uid and gid (no other groups). False with errno (EPERM); the process still is who it was. Calls don't nest, but one
 * identity may follow another. */
bool identity_become(uid_t uid, gid_t gid);
/* Is root again. Ends the process if that fails; keeps errno. */
void identity_back(void);
#endif
