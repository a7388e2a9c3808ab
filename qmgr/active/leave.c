#include "qmgr/active/leave.h"

#include <errno.h>

#include "qmgr/active/agent_pool.h"
#include "qmgr/active/intake_door.h"
#include "qmgr/active/message.h"
#include "qmgr/active/refill.h"
#include "util/log/log.h"
#include "util/sys/file_lock.h"

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

/* A flush takes deferred messages up in spite of defer_transports, and so must our successor. */
static void give_back(struct message *message)
{
    bool as_deferred = message->ignore_defer_transports && *message->manager->config->defer_transports != '\0';

    message_release(message, as_deferred ? QUEUE_DEFERRED : QUEUE_INCOMING);
}

void leave_begin(struct manager *manager)
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
    intake_door_keep_lent(manager->door);
    agent_pool_drain(manager->pool);
    refill_give_back(manager->refill, flushing);
}

bool leave_has_work(const struct manager *manager)
{
    const struct message *message;

    for (message = manager->messages; message != NULL; message = message->hh.next) {
        if (!message->released)
            return true;
    }
    return manager->triggers > 0 || intake_door_has_lent(manager->door);
}
