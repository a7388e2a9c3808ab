#include "qmgr/active/intake_door.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "qmgr/active/message.h"
#include "qmgr/active/refill.h"
#include "qmgr/active/successor.h"
#include "qmgr/active/take_up.h"
#include "qmgr/client/intake_messages.h"
#include "util/base/arena.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/sys/file_lock.h"

enum {
    LENT_MAX = 2,                     /* one being written, one ahead */
    PARTS_BYTES_MAX = 32 << 20,       /* an envelope in parts */
    ATTRIBUTES_BYTES_MAX = 256 << 10, /* they travel in one message with every order */
    FREE_BYTES_CHECK_MS = 1000,
    PLACE_ATTEMPTS = 5,
    UNREAD_BYTES_MAX = 64 << 10,      /* answers that a peer hasn't taken */
};

struct lent {
    char id[PLACE_ID_BYTES]; /* "": none */
    bool is_locked;          /* lock is meaningful */
    int lock;
    struct str parts;
};

struct peer {
    struct intake_door *door;
    struct ipc_channel *channel;
    struct event *readable;
    struct event *writable;
    struct lent lent[LENT_MAX];
    struct peer *prev;
    struct peer *next;
};

struct intake_door {
    struct manager *manager;
    struct peer *peers;
    struct event *refill; /* makes places when there is nothing else to do */
    int64_t free_bytes;
    int64_t free_bytes_ms; /* when that was looked up */
};

static void on_refill(evutil_socket_t fd, short what, void *context)
{
    struct intake_door *door = context;

    (void)places_refill(door->manager->places); /* places_take tells if there is trouble */
}

struct intake_door *intake_door_new(struct manager *manager)
{
    struct intake_door *door = memory_new(struct intake_door);

    door->manager = manager;
    door->free_bytes_ms = INT64_MIN;
    door->refill = event_new(manager->events, -1, 0, on_refill, door);
    if (door->refill == NULL)
        memory_exhausted();
    event_active(door->refill, 0, 0);
    return door;
}

/* False: recovery was faster, and has removed it. */
static bool lock_place(struct intake_door *door, struct lent *lent)
{
    struct stat status;

    lent->lock = spool_open_file(door->manager->spool, QUEUE_SPARE, lent->id, O_RDWR);
    lent->is_locked = lent->lock >= 0;
    return lent->is_locked && file_lock_take(lent->lock, false) && fstat(lent->lock, &status) == 0 && status.st_nlink > 0;
}

static void forget_place(struct lent *lent)
{
    if (lent->is_locked)
        fd_close(&lent->lock);
    lent->is_locked = false;
    lent->id[0] = '\0';
    str_free(&lent->parts);
}

static void return_place(struct intake_door *door, struct lent *lent)
{
    if (lent->id[0] != '\0' && !spool_remove(door->manager->spool, QUEUE_SPARE, lent->id) && errno != ENOENT)
        log_warning("%s: remove: %m", lent->id);
    forget_place(lent);
}

static void drop_peer(struct peer *peer)
{
    DL_DELETE(peer->door->peers, peer);
    for (size_t i = 0; i < LENT_MAX; i++)
        return_place(peer->door, &peer->lent[i]);
    event_free(peer->readable);
    event_free(peer->writable);
    ipc_close(peer->channel);
    free(peer);
}

void intake_door_free(struct intake_door *door)
{
    if (door == NULL)
        return;
    while (door->peers != NULL)
        drop_peer(door->peers);
    event_free(door->refill);
    free(door);
}

/* Handlers answer whether the peer behaves. */
static bool misbehaves(const char *how)
{
    log_warning("a mail intake process was cut off: %s", how);
    return false;
}

static struct lent *find_lent(struct peer *peer, const char *id)
{
    for (size_t i = 0; i < LENT_MAX; i++) {
        if (text_equal(peer->lent[i].id, id))
            return &peer->lent[i];
    }
    return NULL;
}

/* --- lending --- */

static bool disk_is_full(struct intake_door *door)
{
    int64_t now_ms = clock_monotonic_ms();

    if (door->manager->config->queue_minfree <= 0)
        return false;
    if (now_ms - FREE_BYTES_CHECK_MS > door->free_bytes_ms) {
        door->free_bytes = spool_free_bytes(door->manager->spool);
        door->free_bytes_ms = now_ms;
    }
    return door->free_bytes >= 0 && door->free_bytes < door->manager->config->queue_minfree;
}

static void refuse(struct peer *peer, int error)
{
    bool full = error == ENOSPC || error == EDQUOT;

    errno = error;
    log_warning("no place for a new message: %m");
    intake_refused_send(peer->channel, &(struct intake_refused){
        .code = full ? 452 : 451,
        .status = full ? "4.3.1" : "4.3.0",
        .text = full ? "Insufficient system storage" : "Error: queue file write error",
    });
}

/* Beside a successor: it takes what isn't locked for left behind. */
static bool take_locked_place(struct intake_door *door, struct lent *lent, struct place *place)
{
    for (int i = 0; i < PLACE_ATTEMPTS; i++) {
        if (!places_take(door->manager->places, place))
            continue;
        memcpy(lent->id, place->id, sizeof(lent->id));
        if (lock_place(door, lent))
            return true;
        int saved = errno;
        fd_close(&place->fd);
        return_place(door, lent);
        errno = saved;
    }
    return false;
}

static bool take_place(struct intake_door *door, struct lent *lent, struct place *place)
{
    if (door->manager->leaving)
        return take_locked_place(door, lent, place);
    if (!places_take(door->manager->places, place))
        return false;
    memcpy(lent->id, place->id, sizeof(lent->id));
    return true;
}

static void lend(struct peer *peer, struct lent *lent)
{
    struct intake_door *door = peer->door;
    struct place place;

    if (disk_is_full(door)) {
        refuse(peer, ENOSPC);
        return;
    }
    if (!take_place(door, lent, &place)) {
        refuse(peer, errno);
        return;
    }
    intake_ready_send(peer->channel, &(struct intake_ready){ .queue_id = place.id, .content = place.fd });
    event_active(door->refill, 0, 0);
}

static bool handle_open(struct peer *peer)
{
    struct intake_open message;
    struct lent *lent = find_lent(peer, "");

    if (!intake_open_decode(peer->channel, &message))
        return misbehaves(ipc_error(peer->channel));
    if (lent == NULL)
        return misbehaves("it asked for too many places");
    lend(peer, lent);
    return true;
}

static bool handle_flush_site(struct peer *peer)
{
    struct intake_flush_site message;

    if (!intake_flush_site_decode(peer->channel, &message) || *message.site == '\0')
        return misbehaves("malformed request");
    if (peer->door->manager->leaving)
        successor_tell_site(peer->door->manager, message.site);
    else
        refill_scan_site(peer->door->manager->refill, message.site);
    return true;
}

static bool handle_abandon(struct peer *peer)
{
    struct intake_abandon message;

    if (!intake_abandon_decode(peer->channel, &message))
        return misbehaves(ipc_error(peer->channel));
    struct lent *lent = *message.queue_id == '\0' ? NULL : find_lent(peer, message.queue_id);
    if (lent == NULL)
        return misbehaves("it gave up what it never had");
    return_place(peer->door, lent);
    return true;
}

/* --- commit --- */

static bool handle_part(struct peer *peer)
{
    struct intake_part message;

    if (!intake_part_decode(peer->channel, &message))
        return misbehaves(ipc_error(peer->channel));
    struct lent *lent = *message.queue_id == '\0' ? NULL : find_lent(peer, message.queue_id);
    if (lent == NULL)
        return misbehaves("an envelope for a message that it doesn't have");
    if (message.envelope.length > PARTS_BYTES_MAX - lent->parts.length)
        return misbehaves("its envelope is too long");
    str_put_bytes(&lent->parts, message.envelope.data, message.envelope.length);
    return true;
}

static bool attributes_fit(const struct envelope *envelope)
{
    size_t bytes = 0;

    for (size_t i = 0; i < envelope->attribute_count; i++)
        bytes += strlen(envelope->attributes[i].name) + strlen(envelope->attributes[i].value) + 16;
    return bytes <= ATTRIBUTES_BYTES_MAX;
}

static bool decode_envelope(struct lent *lent, const struct intake_commit *commit, struct arena *arena,
    struct envelope *envelope, const char **why)
{
    struct ipc_bytes bytes = commit->envelope;

    if (lent->parts.length > 0) {
        if (bytes.length > PARTS_BYTES_MAX - lent->parts.length) {
            *why = "its envelope is too long";
            return false;
        }
        str_put_bytes(&lent->parts, bytes.data, bytes.length);
        bytes = (struct ipc_bytes){ lent->parts.data, lent->parts.length };
    }
    if (!envelope_decode(bytes.data, bytes.length, 0, arena, envelope, why))
        return false;
    *why = "its envelope has no recipients, or not as many as it says";
    if (envelope->recipient_count == 0 || envelope->recipient_count != commit->recipient_count)
        return false;
    *why = "its envelope has too many attributes";
    return attributes_fit(envelope);
}

/* From here on the message is ours. The answer is on its way before anything else is done with it. */
static bool accept_message(struct peer *peer, struct lent *lent, bool another, struct arena *take_arena,
    struct envelope *envelope)
{
    struct manager *manager = peer->door->manager;
    char id[PLACE_ID_BYTES];
    bool active = !(envelope->flags & ENVELOPE_HOLD) && manager_has_room(manager);
    enum queue queue = envelope->flags & ENVELOPE_HOLD ? QUEUE_HOLD : active ? QUEUE_ACTIVE : QUEUE_INCOMING;
    bool more;

    memcpy(id, lent->id, sizeof(id));
    if (!spool_move(manager->spool, QUEUE_SPARE, queue, id)) {
        int error = errno;
        return_place(peer->door, lent);
        arena_free(take_arena);
        refuse(peer, error);
        return true;
    }
    forget_place(lent);
    intake_committed_send(peer->channel, &(struct intake_committed){ .queue_id = id });
    if (another)
        lend(peer, lent);
    bool sent = ipc_drain(peer->channel, &more); /* a peer that is gone shows at the next reading */
    if (sent && more)
        (void)event_add(peer->writable, NULL); /* an event on an open socket always can be added */
    if (active) {
        take_up_message(message_new(manager, id, take_arena, envelope));
    } else {
        arena_free(take_arena);
        if (queue == QUEUE_INCOMING && manager->leaving)
            successor_tell(manager, "I");
        else if (queue == QUEUE_INCOMING)
            refill_scan_incoming(manager->refill);
    }
    return true;
}

static bool handle_commit(struct peer *peer)
{
    struct intake_commit message;
    struct envelope envelope;
    const char *why = "it committed a message that it doesn't have";

    if (!intake_commit_decode(peer->channel, &message))
        return misbehaves(ipc_error(peer->channel));
    struct lent *lent = *message.queue_id == '\0' ? NULL : find_lent(peer, message.queue_id);
    if (lent == NULL)
        return misbehaves(why);
    struct arena *arena = arena_new();
    if (!decode_envelope(lent, &message, arena, &envelope, &why)) {
        arena_free(arena);
        return misbehaves(why);
    }
    return accept_message(peer, lent, message.another, arena, &envelope);
}

/* --- the connection --- */

static const struct request {
    unsigned type;
    bool (*handle)(struct peer *peer);
} requests[] = {
    { intake_open_type, handle_open },
    { intake_part_type, handle_part },
    { intake_commit_type, handle_commit },
    { intake_abandon_type, handle_abandon },
    { intake_flush_site_type, handle_flush_site },
};

static bool handle(struct peer *peer, unsigned type)
{
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        if (requests[i].type == type)
            return requests[i].handle(peer);
    }
    return misbehaves("unknown message");
}

/* False: the peer is gone. */
static bool flush_peer(struct peer *peer)
{
    bool more;

    if (!ipc_drain(peer->channel, &more)) {
        drop_peer(peer);
        return false;
    }
    if (more)
        (void)event_add(peer->writable, NULL); /* an event on an open socket always can be added */
    return true;
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    (void)flush_peer(context); /* nothing comes after it */
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct peer *peer = context;
    unsigned type;
    bool open = ipc_feed(peer->channel);

    while (ipc_next(peer->channel, &type)) {
        if (!handle(peer, type)) {
            drop_peer(peer);
            return;
        }
    }
    if (open && ipc_failed(peer->channel))
        (void)misbehaves(ipc_error(peer->channel));
    if (ipc_failed(peer->channel)) {
        drop_peer(peer);
    } else if (flush_peer(peer) && ipc_output_bytes(peer->channel) > UNREAD_BYTES_MAX) {
        (void)misbehaves("it doesn't read what it is told");
        drop_peer(peer);
    }
}

void intake_door_keep_lent(struct intake_door *door)
{
    struct peer *peer;

    places_give_up(door->manager->places);
    DL_FOREACH (door->peers, peer) {
        for (size_t i = 0; i < LENT_MAX; i++) {
            if (peer->lent[i].id[0] != '\0')
                (void)lock_place(door, &peer->lent[i]); /* else its commit fails: nothing was promised */
        }
    }
}

bool intake_door_has_lent(const struct intake_door *door)
{
    const struct peer *peer;

    DL_FOREACH (door->peers, peer) {
        for (size_t i = 0; i < LENT_MAX; i++) {
            if (peer->lent[i].id[0] != '\0')
                return true;
        }
    }
    return false;
}

bool intake_door_has(const struct intake_door *door, const char *id)
{
    struct peer *peer;

    DL_FOREACH (door->peers, peer) {
        if (find_lent(peer, id) != NULL)
            return true;
    }
    return false;
}

void intake_door_connect(struct intake_door *door, int fd)
{
    struct peer *peer = memory_new(struct peer);

    peer->door = door;
    peer->channel = ipc_open(fd);
    peer->readable = event_new(door->manager->events, fd, EV_READ | EV_PERSIST, on_readable, peer);
    peer->writable = event_new(door->manager->events, fd, EV_WRITE, on_writable, peer);
    if (peer->readable == NULL || peer->writable == NULL || event_add(peer->readable, NULL) != 0)
        memory_exhausted();
    DL_APPEND(door->peers, peer);
}
