#include "qmgr/active/trigger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "qmgr/active/queue_run.h"
#include "qmgr/active/refill.h"
#include "qmgr/active/successor.h"
#include "qmgr/spool/queue_id.h"
#include "util/base/memory.h"
#include "util/io/fd.h"

enum { TRIGGER_BYTES_MAX = 320, TRIGGER_TIMEOUT_S = 10 };

struct trigger {
    struct manager *manager;
    struct event *readable;
    int fd;
    size_t length;
    char bytes[TRIGGER_BYTES_MAX + 1];
};

/* "#ID": a deferred message's time has come. */
static void deliver_now(struct manager *manager, const char *id)
{
    if (queue_id_is_valid(id))
        refill_take_deferred(manager->refill, id);
}

/* All bytes of one request belong together, in any order: "ADF" flushes everything. "#" and "@" name one message or
 * site. */
static void obey(struct manager *manager, const char *bytes)
{
    if (manager->leaving) {
        successor_tell(manager, bytes);
        return;
    }
    if (*bytes == '#') {
        deliver_now(manager, bytes + 1);
        return;
    }
    if (*bytes == '@') {
        refill_scan_site(manager->refill, bytes + 1);
        return;
    }
    if (strchr(bytes, 'F') != NULL)
        schedule_revive(manager->schedule);
    if (strchr(bytes, 'D') != NULL)
        refill_scan_deferred(manager->refill, strchr(bytes, 'A') != NULL);
    if (strpbrk(bytes, "IW") != NULL)
        refill_scan_incoming(manager->refill);
    if (strchr(bytes, 'W') != NULL) /* master, a second after a process of this service died, for one */
        queue_run_adopt(manager);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct trigger *trigger = context;
    ssize_t count = -1;

    if (what & EV_READ) {
        count = read(fd, trigger->bytes + trigger->length, TRIGGER_BYTES_MAX - trigger->length);
        if (count < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        trigger->length += count > 0 ? (size_t)count : 0;
        if (count > 0 && trigger->length < TRIGGER_BYTES_MAX)
            return;
    }
    trigger->bytes[trigger->length] = '\0';
    trigger->manager->triggers--;
    obey(trigger->manager, trigger->bytes);
    event_free(trigger->readable);
    fd_close(&trigger->fd);
    free(trigger);
}

void trigger_connect(struct manager *manager, int fd)
{
    struct trigger *trigger = memory_new(struct trigger);
    struct timeval timeout = { .tv_sec = TRIGGER_TIMEOUT_S };

    trigger->manager = manager;
    trigger->fd = fd;
    fd_set_nonblocking(fd, true);
    trigger->readable = event_new(manager->events, fd, EV_READ | EV_PERSIST, on_readable, trigger);
    if (trigger->readable == NULL || event_add(trigger->readable, &timeout) != 0)
        memory_exhausted();
    manager->triggers++;
}
