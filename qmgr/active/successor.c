#include "qmgr/active/successor.h"

#include <string.h>
#include <unistd.h>

#include "master/worker/worker.h"
#include "util/base/str.h"
#include "util/io/fd.h"
#include "util/log/log.h"

enum { TELL_TIMEOUT_MS = 100 };

void successor_tell(const struct manager *manager, const char *request)
{
    struct str relative = {0};

    str_printf(&relative, "public/%s", worker_service(manager->worker));
    int fd = fd_connect_unix(worker_socket_path(manager->worker, str_text(&relative)), TELL_TIMEOUT_MS);
    if (fd < 0 || write(fd, request, strlen(request)) != (ssize_t)strlen(request))
        log_debug("connect to %s: %m", str_text(&relative)); /* there may be none; the next queue run finds what is there */
    fd_close(&fd);
    str_free(&relative);
}

void successor_tell_site(const struct manager *manager, const char *site)
{
    struct str request = {0};

    str_printf(&request, "@%s", site);
    successor_tell(manager, str_text(&request));
    str_free(&request);
}
