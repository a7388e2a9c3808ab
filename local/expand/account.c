#include "local/expand/account.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/log/log.h"

enum { BUFFER_BYTES = 16384, BUFFER_BYTES_MAX = 1048576 };

static const struct account *copy(const struct passwd *entry, struct arena *arena)
{
    struct account *account = arena_allocate(arena, sizeof(*account));

    *account = (struct account){
        .name = arena_copy_text(arena, entry->pw_name),
        .uid = entry->pw_uid,
        .gid = entry->pw_gid,
        .home = arena_copy_text(arena, entry->pw_dir == NULL ? "" : entry->pw_dir),
        .shell = arena_copy_text(arena, entry->pw_shell == NULL || *entry->pw_shell == '\0' ? "/bin/sh" : entry->pw_shell),
    };
    return account;
}

/* Names that can be no user's: they would leave the mail spool folder, or the list of users. */
static bool is_possible(const char *name)
{
    return *name != '\0' && *name != '.' && strpbrk(name, "/:\n") == NULL;
}

enum table_result account_find(const char *name, struct arena *arena, const struct account **account)
{
    enum table_result result = TABLE_ABSENT;
    int error = ERANGE;

    if (!is_possible(name))
        return TABLE_ABSENT;
    for (size_t size = BUFFER_BYTES; error == ERANGE && size <= BUFFER_BYTES_MAX; size *= 4) {
        struct passwd entry;
        struct passwd *found = NULL;
        char *buffer = memory_zeroed(1, size);
        error = getpwnam_r(name, &entry, buffer, size, &found);
        if (found != NULL) {
            *account = copy(found, arena);
            result = TABLE_FOUND;
        }
        free(buffer);
    }
    if (result == TABLE_FOUND || error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM)
        return result; /* getpwnam(3): all of these may mean that there is no such user */
    log_warning("look up user %s: %s", name, strerror(error));
    return TABLE_FAILED;
}
