/* sandbox_openbsd.c: pledge(2) and unveil(2). */
#ifdef __OpenBSD__
#include "util/sys/sandbox.h"

#include <errno.h>
#include <unistd.h>

int sandbox_prepare_calls(void)
{
    return -1;
}

bool sandbox_limit_calls(int prepared)
{
    return pledge("stdio rpath wpath cpath fattr flock inet unix dns getpw sendfd recvfd", NULL) == 0;
}

bool sandbox_limit_paths(const struct sandbox_path *paths, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (unveil(paths[i].path, paths[i].access == SANDBOX_WRITE ? "rwc" : "r") != 0 && errno != ENOENT)
            return false;
    return unveil(NULL, NULL) == 0;
}
#endif
