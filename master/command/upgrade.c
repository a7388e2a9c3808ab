#include "master/command/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/config/main_cf.h"
#include "util/config/master_cf.h"
#include "util/io/fd.h"
#include "util/log/log.h"

/* What programs connect to without being told its name; the columns are those of conf/master.cf. */
static const struct service {
    const char *name;
    const char *type;
    const char *rest;
} services[] = {
    { "pickup", "unix", "n       -       n       60      1       pickup" },
    { "cleanup", "unix", "n       -       n       -       0       cleanup" },
    { "qmgr", "unix", "n       -       n       300     1       qmgr" },
    { "tlsmgr", "unix", "-       -       n       1000?   1       tlsmgr" },
    { "rewrite", "unix", "-       -       n       -       -       trivial-rewrite" },
    { "bounce", "unix", "-       -       n       -       0       bounce" },
    { "defer", "unix", "-       -       n       -       0       bounce" },
    { "trace", "unix", "-       -       n       -       0       bounce" },
    { "verify", "unix", "-       -       n       -       1       verify" },
    { "flush", "unix", "n       -       n       1000?   0       flush" },
    { "proxymap", "unix", "-       -       n       -       -       proxymap" },
    { "proxywrite", "unix", "-       -       n       -       1       proxymap" },
    { "smtp", "unix", "-       -       n       -       -       smtp" },
    { "relay", "unix", "-       -       n       -       -       smtp" },
    { "showq", "unix", "n       -       n       -       -       showq" },
    { "error", "unix", "-       -       n       -       -       error" },
    { "retry", "unix", "-       -       n       -       -       error" },
    { "discard", "unix", "-       -       n       -       -       discard" },
    { "local", "unix", "-       n       n       -       -       local" },
    { "virtual", "unix", "-       n       n       -       -       virtual" },
    { "lmtp", "unix", "-       -       n       -       -       lmtp" },
    { "anvil", "unix", "-       -       n       -       1       anvil" },
    { "postlog", "unix-dgram", "n       -       n       -       1       postlogd" },
};

/* pickup and qmgr may also be a fifo, as they were until Postfix 2.12. */
static bool has_service(const struct master_cf *master_cf, const struct service *service)
{
    return master_cf_find(master_cf, service->name, service->type) != NULL
        || (text_equal(service->type, "unix") && master_cf_find(master_cf, service->name, "fifo") != NULL);
}

/* One write: nobody ever reads half of it. */
static bool append(const char *path, const struct str *lines, struct str *why)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    bool written = fd >= 0 && fd_write_all(fd, str_text(lines), lines->length) && fsync(fd) == 0;

    if (!written)
        str_printf(why, "%s: %s", path, strerror(errno));
    fd_close(&fd);
    return written;
}

bool upgrade_services(const struct config *config, size_t *added, struct str *why)
{
    struct master_cf *master_cf;
    struct str path = {0};
    struct str text = {0};
    struct str lines = {0};
    bool good = false;

    *added = 0;
    str_printf(&path, "%s/master.cf", config->config_directory);
    if (!main_cf_load(str_text(&path), &text, why)
        || !master_cf_parse(str_text(&path), str_text(&text), text.length, false, NULL, NULL, &master_cf, why))
        goto out;
    if (text.length > 0 && str_text(&text)[text.length - 1] != '\n')
        str_put_char(&lines, '\n');
    for (size_t i = 0; i < COUNT_OF(services); i++) {
        if (has_service(master_cf, &services[i]))
            continue;
        str_printf(&lines, "%-10s %-5s %s\n", services[i].name, services[i].type, services[i].rest);
        log_info("editing %s, adding missing entry for %s service", str_text(&path), services[i].name);
        ++*added;
    }
    good = *added == 0 || append(str_text(&path), &lines, why);
    master_cf_free(master_cf);
out:
    str_free(&lines);
    str_free(&text);
    str_free(&path);
    return good;
}
