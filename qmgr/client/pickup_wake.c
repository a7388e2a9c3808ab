#include "qmgr/client/pickup_wake.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/io/fd.h"

void pickup_wake(const struct config *config)
{
    char path[256];

    if (snprintf(path, sizeof(path), "public/%s", config->pickup_service_name) >= (int)sizeof(path))
        return;
    struct stat status;
    if (stat(path, &status) == 0 && S_ISFIFO(status.st_mode)) {
        int fifo = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (fifo >= 0)
            (void)!write(fifo, "W", 1); /* a full pipe wakes it as well */
        fd_close(&fifo);
        return;
    }
    int socket = fd_connect_unix(path, (int)config->trigger_timeout * 1000);
    if (socket >= 0)
        (void)fd_send(socket, "W", 1, -1, 0); /* pickup looks by itself now and then */
    fd_close(&socket);
}
