/* sandbox.h: a process gives up system calls and files for good. Linux: seccomp and Landlock. Where a system or a kernel has
 * no such thing nothing happens: the other measures (user, chroot) hold anyway. */
#ifndef UTIL_SYS_SANDBOX_H
#define UTIL_SYS_SANDBOX_H
#include <stdbool.h>
#include <stddef.h>

enum sandbox_access { SANDBOX_READ, SANDBOX_WRITE }; /* write: read as well, make and remove */

struct sandbox_path {
    const char *path; /* a file or a folder and all below it; one that doesn't exist is passed over */
    enum sandbox_access access;
};

/* From now on only these paths can be opened, made or removed. False with errno; true where there is no Landlock. */
bool sandbox_limit_paths(const struct sandbox_path *paths, size_t count);

/* From now on only what a server needs: no exec, no fork, no mounts, no tracing, no privileges to gain. Other calls fail with
 * EPERM. prepared: from sandbox_prepare_calls, or -1. False with errno. */
bool sandbox_limit_calls(int prepared);
/* Makes the filter of sandbox_limit_calls once for many processes, which saves each of them most of its work. A descriptor to
 * hand to them; -1: there is nothing to prepare. */
int sandbox_prepare_calls(void);
#endif
