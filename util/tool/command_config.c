#include "util/tool/command_config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"

/* The default main.cf must list the folder, or set-gid rights could be turned on files of the caller's choice. */
static void check_permission(const char *directory, int exit_status)
{
    struct config *standard;
    struct str why = {0};

    if (unsetenv("MAIL_CONFIG") != 0 || !config_load(NULL, NULL, 0, NULL, &standard, &why))
        log_fatal_status(exit_status, "%s", str_text(&why));
    bool listed = text_list_has(standard->alternate_config_directories, directory)
        || text_list_has(standard->multi_instance_directories, directory)
        || text_equal(standard->config_directory, directory);
    config_free(standard);
    str_free(&why);
    if (!listed)
        log_fatal_status(exit_status, "untrusted configuration directory name: %s", directory);
}

/* "/etc/postfix/main.cf" names its folder. */
static char *folder_of(const char *path)
{
    size_t length = strlen(path);

    if (text_ends_with(path, "/main.cf"))
        length -= strlen("/main.cf");
    return memory_copy_bytes(path, length);
}

const struct config *command_config_load(const char *directory, const char *program, int exit_status)
{
    struct config *config;
    struct str why = {0};

    log_open("postfix", program);
    log_to_stderr(false);
    if (directory == NULL)
        directory = getenv("MAIL_CONFIG");
    char *folder = directory == NULL ? NULL : folder_of(directory);
    bool borrowed_rights = getuid() != geteuid() || getgid() != getegid();
    if (folder != NULL && borrowed_rights && getuid() != 0)
        check_permission(folder, exit_status);
    if (folder != NULL && setenv("MAIL_CONFIG", folder, 1) != 0)
        memory_exhausted();
    if (!config_load(folder, NULL, 0, program, &config, &why))
        log_fatal_status(exit_status, "%s", str_text(&why));
    free(folder);
    str_free(&why);
    log_set_facility(config->syslog_facility);
    log_open(config->syslog_name, program);
    if (*config->maillog_file != '\0') {
        struct str socket_path = {0};
        str_printf(&socket_path, "%s/public/%s", config->queue_directory, config->postlog_service_name);
        (void)log_to_postlog(str_text(&socket_path)); /* otherwise syslog has it */
        str_free(&socket_path);
    }
    return config;
}
