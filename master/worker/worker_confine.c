/* worker_confine.c: a worker gives up what its role doesn't need (worker.h, roles.h). */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "master/worker/connector.h"
#include "master/worker/handover.h"
#include "master/worker/roles.h"
#include "master/worker/table_folders.h"
#include "master/worker/worker_inside.h"
#include "util/base/memory.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/sys/process.h"
#include "util/sys/sandbox.h"
#include "util/table/table_simple.h"

enum { GROUPS_MAX = 256 };

struct identity {
    uid_t uid;
    gid_t gid;
    gid_t groups[GROUPS_MAX];
    size_t group_count;
};

static void add_groups_of(struct identity *identity, const char *user, gid_t gid)
{
    gid_t groups[GROUPS_MAX];
    int count = GROUPS_MAX;

    if (getgrouplist(user, gid, groups, &count) < 0)
        log_fatal("user %s is in too many groups", user);
    for (int i = 0; i < count; i++) {
        size_t known = 0;
        while (known < identity->group_count && identity->groups[known] != groups[i])
            known++;
        if (known == identity->group_count && known < GROUPS_MAX)
            identity->groups[identity->group_count++] = groups[i];
    }
}

/* The network user has mail_owner's groups. Without such a user mail_owner itself does the work; master says so at start. */
static void find_identity(struct identity *identity, const struct config *config, enum role_user user)
{
    const struct passwd *entry = getpwnam(config->mail_owner);

    if (entry == NULL)
        log_fatal("mail_owner: unknown user: %s", config->mail_owner);
    if (entry->pw_uid == 0)
        log_fatal("mail_owner: user %s has the rights of root", config->mail_owner);
    *identity = (struct identity){ .uid = entry->pw_uid, .gid = entry->pw_gid };
    add_groups_of(identity, config->mail_owner, entry->pw_gid);
    if (user != ROLE_NETWORK_OWNER || (entry = getpwnam(config->network_owner)) == NULL)
        return;
    if (entry->pw_uid == 0)
        log_fatal("network_owner: user %s has the rights of root", config->network_owner);
    identity->uid = entry->pw_uid;
    add_groups_of(identity, config->network_owner, entry->pw_gid);
}

static void change_root(const struct worker *worker)
{
    const char *directory = worker->config->queue_directory;

    tzset(); /* reads the zone file while it is in reach */
    if (chroot(directory) != 0 || chdir("/") != 0)
        log_fatal("chroot %s: %m", directory);
}

static void become_user(struct worker *worker, const struct role *role)
{
    struct identity identity;

    if (role->user == ROLE_STAYS_ROOT) {
        if (worker->chroot)
            change_root(worker);
        return;
    }
    find_identity(&identity, worker->config, role->user);
    if (worker->chroot)
        change_root(worker);
    if (!process_become(identity.uid, identity.gid, identity.groups, identity.group_count))
        log_fatal("become user %ld: %m", (long)identity.uid);
}

struct path_list {
    struct arena *arena; /* for what isn't kept elsewhere */
    struct sandbox_path items[WORKER_PATHS_MAX + 100];
    size_t count;
};

static void add_path(struct path_list *list, const char *path, enum sandbox_access access)
{
    if (path[0] == '/' && list->count < COUNT_OF(list->items))
        list->items[list->count++] = (struct sandbox_path){ path, access };
}

/* What the C library, OpenSSL and the resolver open while they work, here and in a chroot that an administrator set up. */
static void add_system_paths(struct worker *worker, struct path_list *list)
{
    static const char *const folders[] = { "/etc", "/usr", "/lib", "/lib64", "/lib32", "/proc", "/run", "/var/run", "/var/lib",
        "/dev/urandom", "/dev/random" };
    static const char *const in_chroot[] = { "etc", "usr", "lib", "lib64", "dev", "run", "var" };

    for (size_t i = 0; i < COUNT_OF(folders); i++)
        add_path(list, folders[i], SANDBOX_READ);
    add_path(list, "/dev/null", SANDBOX_WRITE);
    add_path(list, worker->config->config_directory, SANDBOX_READ);
    for (size_t i = 0; worker->chroot && i < COUNT_OF(in_chroot); i++)
        add_path(list, arena_printf(worker->arena, "%s%s", worker->directory, in_chroot[i]), SANDBOX_READ);
    for (size_t i = 0; i < worker->path_count; i++)
        add_path(list, worker->paths[i].path, worker->paths[i].writable ? SANDBOX_WRITE : SANDBOX_READ);
}

static void add_table_folder(void *context, const char *folder)
{
    struct path_list *list = context;

    for (size_t i = 0; i < list->count; i++) {
        size_t length = strlen(list->items[i].path);
        if (strncmp(list->items[i].path, folder, length) == 0 && (folder[length] == '/' || folder[length] == '\0'))
            return; /* open already */
    }
    if (list->count < COUNT_OF(list->items))
        add_path(list, arena_copy_text(list->arena, folder), SANDBOX_READ);
}

static void limit_files(struct worker *worker, const struct role *role)
{
    struct path_list list = { .arena = worker->arena };

    if (role->files == ROLE_FILES_ALL)
        return;
    add_system_paths(worker, &list);
    if (role->files == ROLE_FILES_QUEUE)
        add_path(&list, worker->config->queue_directory, SANDBOX_WRITE);
    if (role->files == ROLE_FILES_QUEUE || role->files == ROLE_FILES_DATA)
        add_path(&list, worker->config->data_directory, SANDBOX_WRITE);
    table_folders_each(worker->config, add_table_folder, &list);
    if (!sandbox_limit_paths(list.items, list.count))
        log_warning("no path filter: %m"); /* user and modes keep it out of most places */
}

/* In this order: the path filter needs one of root or no-new-privileges, and paths as they are outside of the chroot; the
 * system-call filter comes last, since it lets nothing through that the others need. */
void worker_confine(struct worker *worker, enum confinement confinement)
{
    const struct role *role = roles_find(confinement);

    worker->is_confined = true;
    (void)close(HANDOVER_TLS_KEEP); /* keys are for those who may read their files */
    if (!role->new_privileges && !process_refuse_new_privileges())
        log_fatal("no new privileges: %m");
    limit_files(worker, role);
    if (worker->is_unprivileged)
        worker->chroot = false; /* master said so at start */
    else
        become_user(worker, role);
    if (role->user == ROLE_NETWORK_OWNER && !worker->is_unprivileged) {
        connector_use(HANDOVER_CONNECTOR, worker->config->queue_directory);
        fd_set_connector(connector_connect);
        if (worker->chroot)
            table_simple_ask_users_by(connector_find_user);
    } else {
        (void)close(HANDOVER_CONNECTOR); /* not this role's business */
    }
    if (role->calls == ROLE_CALLS_SERVER && !sandbox_limit_calls(HANDOVER_CALLS))
        log_warning("no system-call filter: %m");
    (void)close(HANDOVER_CALLS); /* in force, or not this role's business */
}

void worker_allow_path(struct worker *worker, const char *path, bool writable)
{
    if (path[0] != '/')
        return;
    if (worker->path_count == WORKER_PATHS_MAX)
        log_fatal("too many paths for the path filter; the last one is %s", path);
    worker->paths[worker->path_count].path = arena_copy_text(worker->arena, path);
    worker->paths[worker->path_count].writable = writable;
    worker->path_count++;
}
