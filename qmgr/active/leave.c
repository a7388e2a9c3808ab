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

/* Also what postsuper has put on hold: it may be released before we are done. */
static bool keep(struct message *message)
{
    message->lock = message_open_file(message);
    return message->lock >= 0 ? file_lock_take(message->lock, false) : errno == ENOENT;
}

static void release_to(struct message *message, enum queue queue)
{
    message->released = true;
    if (!spool_move(message->manager->spool, QUEUE_ACTIVE, queue, message->id) && errno != ENOENT)
        log_warning("%s: move to the %s queue: %m", message->id, spool_queue_name(queue));
    fd_close(&message->lock);
}

void leave_release(struct message *message)
{
    release_to(message, QUEUE_INCOMING);
}

/* A flush takes deferred messages up in spite of defer_transports, and so must our successor. */
static void give_back(struct message *message)
{
    bool as_deferred = message->ignore_defer_transports && *message->manager->config->defer_transports != '\0';

    release_to(message, as_deferred ? QUEUE_DEFERRED : QUEUE_INCOMING);
}

void leave_begin(struct manager *manager, struct intake_door *door)
{
    struct message *message;
    struct message *next;
    bool flushing = false;

    manager->draining = true;
    manager->leaving = true;
    HASH_ITER (hh, manager->messages, message, next) {
        flushing |= message->ignore_defer_transports;
        if (!is_under_way(message)) {
            give_back(message);
        } else if (!keep(message)) {
            log_warning("%s: lock queue file: %m: it may be delivered twice", message->id);
            (void)message_mark_done(message); /* spares what is done already */
            give_back(message);
        }
    }
    intake_door_keep_lent(door);
    agent_pool_drain(manager->pool);
    refill_give_back(manager->refill, flushing);
}

bool leave_has_work(const struct manager *manager, const struct intake_door *door)
{
    const struct message *message;

    for (message = manager->messages; message != NULL; message = message->hh.next) {
        if (!message->released)
            return true;
    }
    return manager->triggers > 0 || intake_door_has_lent(door);
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

void leave_tell_successor_site(const struct manager *manager, const char *site)
{
    struct str request = {0};

    str_printf(&request, "@%s", site);
    leave_tell_successor(manager, str_text(&request));
    str_free(&request);
}
