#include "submission/authorized.h"

#include <pwd.h>
#include <unistd.h>

#include "util/log/log.h"
#include "util/table/match_list.h"

void authorized_check(const struct config *config)
{
    struct match_list *users =
        match_list_open(config, "authorized_submit_users", config->authorized_submit_users);
    uid_t uid = getuid();
    const struct passwd *entry = getpwuid(uid);
    const char *name = entry == NULL ? "unknown" : entry->pw_name;

    if (match_list_text(users, name) != TABLE_FOUND)
        log_fatal_status(75, "User %s(%ld) is not allowed to submit mail", name, (long)uid);
    match_list_close(users);
}
