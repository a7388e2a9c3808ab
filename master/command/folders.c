#include "master/command/folders.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/base/memory.h"
#include "util/sys/folder_hint.h"

enum folder_owner { ROOT, MAIL_OWNER };
enum folder_group { KEEP_GROUP, SETGID_GROUP };

/* Below queue_directory. The network user is in none of these groups, so nothing here is open to it; what it needs in
 * private/ a connector opens for it. */
static const struct folder {
    const char *name;
    mode_t mode;
    enum folder_owner owner;
    enum folder_group group;
} folders[] = {
    { "pid", 0755, ROOT, KEEP_GROUP },
    { "incoming", 0700, MAIL_OWNER, KEEP_GROUP },
    { "active", 0700, MAIL_OWNER, KEEP_GROUP },
    { "deferred", 0700, MAIL_OWNER, KEEP_GROUP },
    { "defer", 0700, MAIL_OWNER, KEEP_GROUP },
    { "hold", 0700, MAIL_OWNER, KEEP_GROUP },
    { "corrupt", 0700, MAIL_OWNER, KEEP_GROUP },
    { "bounce", 0700, MAIL_OWNER, KEEP_GROUP },
    { "trace", 0700, MAIL_OWNER, KEEP_GROUP },
    { "flush", 0700, MAIL_OWNER, KEEP_GROUP },
    { "saved", 0700, MAIL_OWNER, KEEP_GROUP },
    { "spare", 0700, MAIL_OWNER, KEEP_GROUP },
    { "private", 0700, MAIL_OWNER, KEEP_GROUP },
    { "public", 0710, MAIL_OWNER, SETGID_GROUP },
    { "maildrop", 0730, MAIL_OWNER, SETGID_GROUP },
};

struct owners {
    bool is_root;
    uid_t mail_owner;
    gid_t mail_group;
    gid_t setgid_group;
};

static bool find_owners(const struct config *config, struct owners *owners, struct str *why)
{
    *owners = (struct owners){ .is_root = geteuid() == 0 };
    if (!owners->is_root)
        return true;
    const struct passwd *user = getpwnam(config->mail_owner);
    if (user == NULL) {
        str_printf(why, "mail_owner: unknown user: %s", config->mail_owner);
        return false;
    }
    owners->mail_owner = user->pw_uid;
    owners->mail_group = user->pw_gid;
    const struct group *group = getgrnam(config->setgid_group);
    if (group == NULL) {
        str_printf(why, "setgid_group: unknown group: %s", config->setgid_group);
        return false;
    }
    owners->setgid_group = group->gr_gid;
    return true;
}

static bool fail(const char *path, struct str *why)
{
    str_printf(why, "%s: %s", path, strerror(errno));
    return false;
}

/* Owner and mode through the open folder, so that a symbolic link put there meanwhile leads nowhere. */
static bool adjust(const char *path, mode_t mode, uid_t uid, gid_t gid, bool is_root, struct str *why)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool good = fd >= 0 && (!is_root || fchown(fd, uid, gid) == 0) && fchmod(fd, mode) == 0;

    if (!good)
        (void)fail(path, why); /* returns false, as we do */
    if (fd >= 0)
        (void)close(fd); /* nothing was written */
    return good;
}

static bool make(const char *path, mode_t mode, uid_t uid, gid_t gid, bool is_root, struct str *why)
{
    if (mkdir(path, 0700) != 0)
        return errno == EEXIST || fail(path, why);
    return adjust(path, mode, uid, gid, is_root, why);
}

static uid_t owner_of(const struct folder *folder, const struct owners *owners)
{
    return folder->owner == MAIL_OWNER ? owners->mail_owner : 0;
}

static gid_t group_of(const struct folder *folder, const struct owners *owners)
{
    return folder->group == SETGID_GROUP ? owners->setgid_group : 0;
}

bool folders_make(const struct config *config, struct str *why)
{
    struct owners owners;
    struct str path = {0};

    bool good = find_owners(config, &owners, why)
        && make(config->queue_directory, 0755, 0, 0, owners.is_root, why)
        && make(config->data_directory, 0700, owners.mail_owner, owners.mail_group, owners.is_root, why);
    folder_hint_spread(config->queue_directory);
    for (size_t i = 0; good && i < COUNT_OF(folders); i++) {
        str_clear(&path);
        str_printf(&path, "%s/%s", config->queue_directory, folders[i].name);
        good = make(str_text(&path), folders[i].mode, owner_of(&folders[i], &owners), group_of(&folders[i], &owners),
            owners.is_root, why);
    }
    str_free(&path);
    return good;
}

/* Whether it is as the table says. A stricter mode of "others" doesn't count, only what is more open or unusable. */
static bool is_right(const struct folder *folder, const struct owners *owners, const struct stat *status)
{
    if (!S_ISDIR(status->st_mode))
        return false;
    if (!owners->is_root)
        return status->st_uid == geteuid() && (status->st_mode & 0022 & ~folder->mode) == 0;
    return status->st_uid == owner_of(folder, owners)
        && (folder->group == KEEP_GROUP || status->st_gid == owners->setgid_group)
        && (status->st_mode & 07777 & ~(mode_t)01000) == folder->mode;
}

/* queue_directory and data_directory; these may be links. Only what makes them unusable counts. */
static bool check_top(const char *path, uid_t uid, mode_t wanted, mode_t usual, bool repair, void (*warn)(const char *text),
    struct str *why)
{
    struct str text = {0};
    struct stat status;
    bool good = true;

    if (stat(path, &status) != 0 || (status.st_uid == uid && (status.st_mode & wanted) == wanted))
        return true;
    if (repair) {
        good = (chown(path, uid, (gid_t)-1) == 0 && chmod(path, usual) == 0) || fail(path, why);
    } else {
        const struct passwd *owner = getpwuid(uid);
        str_printf(&text, "%s: should be a folder with mode %04o of user %s (posthaste set-permissions puts it right)", path,
            (unsigned)usual, owner != NULL ? owner->pw_name : "?");
        warn(str_text(&text));
    }
    str_free(&text);
    return good;
}

static bool check_tops(const struct config *config, const struct owners *owners, bool repair, void (*warn)(const char *text),
    struct str *why)
{
    return !owners->is_root
        || (check_top(config->queue_directory, 0, 0711, 0755, repair, warn, why)
            && check_top(config->data_directory, owners->mail_owner, 0700, 0700, repair, warn, why));
}

bool folders_check(const struct config *config, bool repair, void (*warn)(const char *text), struct str *why)
{
    struct owners owners;
    struct str path = {0};
    struct str text = {0};
    struct stat status;

    bool good = find_owners(config, &owners, why) && check_tops(config, &owners, repair, warn, why);
    for (size_t i = 0; good && i < COUNT_OF(folders); i++) {
        str_clear(&path);
        str_printf(&path, "%s/%s", config->queue_directory, folders[i].name);
        if (lstat(str_text(&path), &status) != 0 || is_right(&folders[i], &owners, &status))
            continue;
        str_clear(&text);
        str_printf(&text, "%s: should be a folder with mode %04o of user %s%s%s (posthaste set-permissions puts it right)",
            str_text(&path), (unsigned)folders[i].mode, folders[i].owner == ROOT ? "root" : config->mail_owner,
            folders[i].group == SETGID_GROUP ? " and group " : "", folders[i].group == SETGID_GROUP ? config->setgid_group : "");
        if (!repair)
            warn(str_text(&text));
        else
            good = adjust(str_text(&path), folders[i].mode, owner_of(&folders[i], &owners),
                folders[i].group == SETGID_GROUP ? owners.setgid_group : status.st_gid, owners.is_root, why);
    }
    str_free(&path);
    str_free(&text);
    return good;
}
