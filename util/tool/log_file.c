#include "util/tool/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"

static bool has_good_prefix(const struct config *config)
{
    const char *cursor = config->maillog_file_prefixes;
    const char *word;
    size_t length;

    while (text_next_word(&cursor, TEXT_LIST_SEPARATORS, &word, &length))
        if (strncmp(config->maillog_file, word, length) == 0)
            return true;
    return false;
}

bool log_file_is_refused(const struct config *config)
{
    return config->maillog_file[0] != '\0' && !has_good_prefix(config);
}

/* A new file gets the mode that the administrator set, whatever umask is; an old one keeps its own. */
static int open_or_make(const struct config *config)
{
    mode_t mode = (mode_t)strtol(config->maillog_file_permissions, NULL, 8);
    int fd = open(config->maillog_file, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, mode);

    if (fd < 0)
        return errno == EEXIST ? open(config->maillog_file, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
    if (fchmod(fd, mode) == 0)
        return fd;
    fd_close(&fd);
    return -1;
}

static void put_bad_prefix(const struct config *config, struct str *why)
{
    str_printf(why, "maillog_file value '%s' does not match any prefix in maillog_file_prefixes", config->maillog_file);
}

int log_file_open(const struct config *config, struct str *why)
{
    const char *name = config->maillog_file;

    if (!has_good_prefix(config)) {
        put_bad_prefix(config, why);
        return -1;
    }
    /* Duplicated and not opened: a socket as standard output can't be opened, and not every user may. */
    int fd = text_equal(name, "/dev/stdout") ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3) : open_or_make(config);
    if (fd < 0)
        str_printf(why, "open logfile '%s': %s", name, strerror(errno));
    return fd;
}

void log_file_use(const struct config *config)
{
    struct str path = {0};
    struct str why = {0};

    if (config->maillog_file[0] != '\0') {
        str_printf(&path, "%s/public/%s", config->queue_directory, config->postlog_service_name);
        if (!log_to_postlog(str_text(&path))) {
            int fd = log_file_open(config, &why);
            if (fd >= 0)
                log_to_fd(fd);
        }
    }
    str_free(&path);
    str_free(&why);
}

/* The suffix as strftime would make it, for the letters that a file name may want. */
static bool put_suffix(struct str *path, const char *format, const struct tm *parts)
{
    for (const char *c = format; *c != '\0'; c++) {
        if (*c != '%') {
            str_put_char(path, *c);
            continue;
        }
        switch (*++c) {
        case 'Y': str_printf(path, "%04d", parts->tm_year + 1900); break;
        case 'm': str_printf(path, "%02d", parts->tm_mon + 1); break;
        case 'd': str_printf(path, "%02d", parts->tm_mday); break;
        case 'j': str_printf(path, "%03d", parts->tm_yday + 1); break;
        case 'H': str_printf(path, "%02d", parts->tm_hour); break;
        case 'M': str_printf(path, "%02d", parts->tm_min); break;
        case 'S': str_printf(path, "%02d", parts->tm_sec); break;
        case '%': str_put_char(path, '%'); break;
        default: return false;
        }
    }
    return true;
}

bool log_file_compress(const struct config *config, const char *path, struct str *why)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        (void)execlp(config->maillog_file_compressor, config->maillog_file_compressor, path, (char *)NULL);
        _exit(127);
    }
    if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    str_printf(why, "%s %s failed", config->maillog_file_compressor, path);
    return false;
}

bool log_file_rotate(const struct config *config, struct str *path, struct str *why)
{
    struct tm parts;
    time_t now = time(NULL);

    if (config->maillog_file[0] == '\0') {
        str_put(why, "empty 'maillog_file' parameter value - logfile rotation failed");
        return false;
    }
    if (text_starts_with(config->maillog_file, "/dev/")) {
        str_printf(why, "not rotating '%s'", config->maillog_file);
        return false;
    }
    if (!has_good_prefix(config)) {
        put_bad_prefix(config, why);
        return false;
    }
    str_printf(path, "%s.", config->maillog_file);
    if (localtime_r(&now, &parts) == NULL || !put_suffix(path, config->maillog_file_rotate_suffix, &parts)) {
        str_put(why, "maillog_file_rotate_suffix: only %Y %m %d %j %H %M %S and %% are known");
        return false;
    }
    if (rename(config->maillog_file, str_text(path)) == 0)
        return true;
    str_printf(why, "rename %s: %s", config->maillog_file, strerror(errno));
    return false;
}
