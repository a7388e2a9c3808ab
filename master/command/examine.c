#include "master/command/examine.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/programs.h"
#include "util/base/memory.h"
#include "util/config/check.h"
#include "util/config/master_cf.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/tool/log_file.h"

static void warn(void *context, const char *text)
{
    log_warning("%s", text);
}

static struct master_cf *load_master_cf(const struct config *config)
{
    struct master_cf *master_cf;
    struct str why = {0};

    if (master_cf_load(config->config_directory, master_cf_chroot_default(config), warn, NULL, &master_cf, &why)) {
        str_free(&why);
        return master_cf;
    }
    /* In the words and on the channel that people know from the command that used to find it. */
    (void)fprintf(stderr, "postconf: fatal: %s\n", master_cf_reason(str_text(&why))); /* the log has it, too */
    log_fatal("%s", str_text(&why));
}

static void refuse_bad_values(const struct config *config, const struct master_cf *master_cf)
{
    struct check *check = check_new(config->dictionary, master_cf);

    for (size_t i = 0; i < check->count; i++) {
        if (!check_is_fatal(&check->findings[i]))
            continue;
        const char *text = check_describe(&check->findings[i], check->arena);
        (void)fprintf(stderr, "posthaste: fatal: %s\n", text); /* the log has it, too */
        log_not_to_stderr();
        log_fatal("%s", text);
    }
    check_free(check);
}

void examine_log_file(const struct config *config)
{
    struct str why = {0};

    if (config->maillog_file[0] == '\0')
        return;
    int fd = log_file_open(config, &why);
    if (fd < 0 && !log_file_is_refused(config) && (errno == ENOSPC || errno == EDQUOT)) {
        log_warning("%s", str_text(&why)); /* no reason to stop the mail */
    } else if (fd < 0) {
        (void)fprintf(stderr, "posthaste: fatal: %s\n", str_text(&why)); /* the log is just what doesn't work */
        log_not_to_stderr();
        log_fatal("%s", str_text(&why));
    } else {
        fd_close(&fd);
    }
    str_free(&why);
}

void examine_master_cf(const struct config *config)
{
    struct master_cf *master_cf = load_master_cf(config);

    refuse_bad_values(config, master_cf);
    master_cf_free(master_cf);
}

bool examine_wants_chroot(const struct config *config)
{
    struct master_cf *master_cf = load_master_cf(config);
    bool wanted = false;

    for (size_t i = 0; i < master_cf->count; i++)
        wanted = wanted || master_cf->entries[i].is_chroot;
    master_cf_free(master_cf);
    return wanted;
}

void examine_main_cf(void)
{
    struct config *config;
    struct str why = {0};

    if (config_load(NULL, NULL, 0, NULL, &config, &why)) {
        refuse_bad_values(config, NULL);
        config_free(config);
    }
    str_free(&why);
}

bool examine_names(const struct config *config)
{
    struct master_cf *master_cf = load_master_cf(config);
    struct check *check = check_new(config->dictionary, master_cf);
    bool good = true;

    for (size_t i = 0; i < check->count; i++) {
        const char *text = check_describe(&check->findings[i], check->arena);
        log_warning("%s", text);
        (void)fprintf(stderr, "%s\n", text); /* the log has it, too */
        good = good && !check_is_fatal(&check->findings[i]);
    }
    check_free(check);
    master_cf_free(master_cf);
    return good;
}

/* Files of the configuration and programs must be root's alone. */
static void examine_file(const char *directory, const char *name)
{
    struct str path = {0};
    struct stat status;

    str_printf(&path, "%s/%s", directory, name);
    if (lstat(str_text(&path), &status) == 0 && !S_ISLNK(status.st_mode)) {
        if (status.st_uid != geteuid())
            log_warning("not owned by root: %s/./%s", directory, name);
        if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
            log_warning("group or other writable: %s/./%s", directory, name);
    }
    str_free(&path);
}

static void examine_files(const char *directory)
{
    DIR *folder = opendir(directory);
    const struct dirent *entry;

    if (folder == NULL)
        return;
    while ((entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.')
            examine_file(directory, entry->d_name);
    (void)closedir(folder); /* only read from */
}

void examine_permissions(const struct config *config)
{
    struct stat status;

    if (geteuid() != 0)
        return; /* one user owns all of it */
    if (stat(config->queue_directory, &status) == 0 && status.st_uid != 0)
        log_warning("not owned by root: %s/.", config->queue_directory);
    if (stat(config->queue_directory, &status) == 0 && (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        log_warning("group or other writable: %s/.", config->queue_directory);
    examine_files(config->config_directory);
    examine_files(programs_directory(config));
}

void examine_users(const struct config *config)
{
    if (geteuid() == 0 && getpwnam(config->network_owner) == NULL)
        log_warning("network_owner: user %s does not exist: processes that talk to the network run as %s",
            config->network_owner, config->mail_owner);
}

bool examine_setgid_programs(const struct config *config, struct str *why)
{
    static const char *const programs[] = { "postdrop", "postqueue", "postlog" };
    const struct group *group = getgrnam(config->setgid_group);
    struct str path = {0};
    bool good = geteuid() == 0 && group != NULL;

    if (!good)
        str_printf(why, "setgid_group: only root can give programs to the group %s", config->setgid_group);
    for (size_t i = 0; good && i < COUNT_OF(programs); i++) {
        str_clear(&path);
        str_printf(&path, "%s/%s", config->command_directory, programs[i]);
        good = chown(str_text(&path), 0, group->gr_gid) == 0 && chmod(str_text(&path), 02755) == 0;
        if (!good && errno == ENOENT)
            good = true; /* not installed */
        if (!good)
            str_printf(why, "%s: %s", str_text(&path), strerror(errno));
    }
    str_free(&path);
    return good;
}
