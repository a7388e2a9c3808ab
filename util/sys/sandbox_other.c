/* sandbox_other.c: systems without a filter that fits processes which open names after their start (FreeBSD's Capsicum has
 * no global names; its jails and users do that work). */
#if !defined(__linux__) && !defined(__OpenBSD__)
#include "util/sys/sandbox.h"

int sandbox_prepare_calls(void)
{
    return -1;
}

bool sandbox_limit_calls(int prepared)
{
    return true;
}

bool sandbox_limit_paths(const struct sandbox_path *paths, size_t count)
{
    return true;
}
#endif
