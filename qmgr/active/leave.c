#include "qmgr/active/leave.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "master/worker/worker.h"
#include "qmgr/active/agent_pool.h"
#include "qmgr/active/message.h"
#include "qmgr/active/refill.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/sys/file_lock.h"

enum { TELL_TIMEOUT_MS = 100 };

/* Something was done in this round already, which an attempt from the start would repeat. */
static bool is_under_way(const struct message *message)
{
    if (message->running > 0 || message->notifying)
        return true;
    for (size_t i = 0; i < message->envelope.recipient_count; i++) {
        if (message->targets[i].tried)
            return true;
    }
    return false;
}

static bool keep(struct message *message)
{
    message->lock = spool_open_file(message->manager->spool, QUEUE_ACTIVE, message->id, O_RDONLY);
    return message->lock >= 0 && file_lock_take(message->lock, false);
}

void leave_release(struct message *message)
{
    struct manager *manager = message->manager;

    message->released = true;
    if (!spool_move(manager->spool, QUEUE_ACTIVE, QUEUE_INCOMING, message->id) && errno != ENOENT)
        log_warning("%s: move to the incoming queue: %m", message->id);
}

void leave_begin(struct manager *manager, struct intake_door *door)
{
    struct message *message;
    struct message *next;

    manager->draining = true;
    manager->leaving = true;
    HASH_ITER (hh, manager->messages, message, next) {
        if (!is_under_way(message) || !keep(message))
            leave_release(message);
    }
    intake_door_keep_lent(door);
    agent_pool_drain(manager->pool);
    if (refill_owes_flush(manager->refill))
        leave_tell_successor(manager, "DFA");
}

bool leave_has_work(const struct manager *manager, const struct intake_door *door)
{
    const struct message *message;

    for (message = manager->messages; message != NULL; message = message->hh.next) {
        if (!message->released)
            return true;
    }
    return intake_door_has_lent(door);
}

void leave_tell_successor(const struct manager *manager, const char *request)
{
    struct str relative = {0};

    str_printf(&relative, "public/%s", worker_service(manager->worker));
    int fd = fd_connect_unix(worker_socket_path(manager->worker, str_text(&relative)), TELL_TIMEOUT_MS);
    if (fd < 0 || write(fd, request, strlen(request)) != (ssize_t)strlen(request))
        log_debug("connect to %s: %m", str_text(&relative)); /* there may be none; the next queue run finds what is there */
    fd_close(&fd);
    str_free(&relative);
}
