#include "qmgr/intake/place.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "qmgr/client/intake_messages.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/io/fd.h"
#include "util/log/log.h"

/* What a commit message may hold of an envelope; the rest goes ahead in parts. */
enum { PART_BYTES = IPC_MESSAGE_BYTES_MAX / 2, CONNECT_ATTEMPTS = 3, CONNECT_PAUSE_MS = 100 };

struct place {
    char *socket_path;
    char *service;
    long timeout_s;
    struct ipc_channel *channel;
    bool asked; /* an answer to intake_open (or to "another") is on its way */
    char queue_id[64];
    struct str refusal;
};

static const struct verdict unavailable = { 451, "4.3.0", "Error: queue file write error" };

struct place *place_open(const char *socket_path, const char *service, long timeout_s)
{
    struct place *place = memory_new(struct place);

    place->socket_path = memory_copy_text(socket_path);
    place->service = memory_copy_text(service);
    place->timeout_s = timeout_s;
    return place;
}

static void disconnect(struct place *place)
{
    ipc_close(place->channel);
    place->channel = NULL;
    place->asked = false;
}

void place_close(struct place *place)
{
    if (place == NULL)
        return;
    disconnect(place);
    str_free(&place->refusal);
    free(place->socket_path);
    free(place->service);
    free(place);
}

static int64_t deadline(const struct place *place)
{
    return clock_deadline_s(place->timeout_s);
}

/* A connection that ended while nobody looked (the queue manager was restarted) is of no use; what it lent is gone too. */
static void drop_dead_connection(struct place *place)
{
    struct pollfd probe = { .fd = ipc_fd(place->channel), .events = POLLIN };

    if (poll(&probe, 1, 0) > 0 && (probe.revents & (POLLHUP | POLLERR | POLLNVAL)))
        disconnect(place);
}

static bool connect_to_manager(struct place *place)
{
    if (place->channel != NULL)
        drop_dead_connection(place);
    for (int attempt = 0; place->channel == NULL && attempt < CONNECT_ATTEMPTS; attempt++) {
        if (attempt > 0)
            (void)poll(NULL, 0, CONNECT_PAUSE_MS); /* it may just be starting again */
        int fd = fd_connect_unix(place->socket_path, (int)(place->timeout_s < 60 ? place->timeout_s : 60) * 1000);
        if (fd >= 0)
            place->channel = ipc_open(fd);
    }
    if (place->channel == NULL)
        log_warning("connect to %s: %s", place->socket_path, strerror(errno));
    else
        ipc_take_descriptors(place->channel);
    return place->channel != NULL;
}

static void ask(struct place *place)
{
    intake_open_send(place->channel, &(struct intake_open){ .service = place->service });
    place->asked = true;
}

void place_prefetch(struct place *place)
{
    if (place->asked && place->channel != NULL)
        return;
    if (!connect_to_manager(place))
        return;
    ask(place);
    if (!ipc_flush(place->channel, deadline(place)))
        disconnect(place);
}

/* The answer to a request for a place. */
static bool receive_place(struct place *place, int *content, struct verdict *why)
{
    struct intake_ready ready;
    struct intake_refused refused;
    unsigned type;

    if (!ipc_receive(place->channel, &type, deadline(place)))
        return false;
    place->asked = false;
    if (type == intake_refused_type && intake_refused_decode(place->channel, &refused)) {
        str_set(&place->refusal, refused.text);
        *why = VERDICT((int)refused.code, "", str_text(&place->refusal));
        if (refused.code < 400 || refused.code > 499)
            why->code = 451;
        strncpy(why->status, refused.status, sizeof(why->status) - 1);
        return true;
    }
    if (type != intake_ready_type || !intake_ready_decode(place->channel, &ready))
        return false;
    if (*ready.queue_id == '\0' || strlen(ready.queue_id) >= sizeof(place->queue_id)) {
        (void)close(ready.content); /* nothing was written to it */
        return false;
    }
    memcpy(place->queue_id, ready.queue_id, strlen(ready.queue_id) + 1);
    *content = ready.content;
    return true;
}

bool place_take(struct place *place, const char **queue_id, int *content, struct verdict *why)
{
    /* A connection that breaks under our hands is tried once more: nothing was promised on it yet. */
    for (int attempt = 0; attempt < 2; attempt++) {
        *content = -1;
        *why = unavailable;
        if (!connect_to_manager(place))
            return false;
        if (!place->asked)
            ask(place);
        if (ipc_flush(place->channel, deadline(place)) && receive_place(place, content, why)) {
            *queue_id = place->queue_id;
            return *content >= 0;
        }
        log_warning("queue manager connection: %s", ipc_error(place->channel));
        disconnect(place);
    }
    return false;
}

static bool receive_committed(struct place *place, const char *queue_id)
{
    struct intake_committed committed;
    unsigned type;

    return ipc_receive(place->channel, &type, deadline(place)) && type == intake_committed_type
        && intake_committed_decode(place->channel, &committed) && strcmp(committed.queue_id, queue_id) == 0;
}

bool place_commit(struct place *place, const char *queue_id, const struct str *envelope, size_t recipient_count,
    struct verdict *why)
{
    const char *bytes = str_text(envelope);
    size_t left = envelope->length;

    *why = unavailable;
    if (place->channel == NULL)
        return false;
    for (; left > PART_BYTES; bytes += PART_BYTES, left -= PART_BYTES)
        intake_part_send(place->channel,
            &(struct intake_part){ .queue_id = queue_id, .envelope = { bytes, PART_BYTES } });
    intake_commit_send(place->channel, &(struct intake_commit){ .queue_id = queue_id,
        .recipient_count = (uint32_t)recipient_count, .envelope = { bytes, left }, .another = !place->asked });
    if (!ipc_flush(place->channel, deadline(place)) || !receive_committed(place, queue_id)) {
        log_warning("%s: queue manager connection: %s", queue_id, ipc_error(place->channel));
        disconnect(place);
        return false;
    }
    place->asked = true;
    return true;
}

bool place_flush_site(struct place *place, const char *site)
{
    if (!connect_to_manager(place))
        return false;
    intake_flush_site_send(place->channel, &(struct intake_flush_site){ .site = site });
    if (ipc_flush(place->channel, deadline(place)))
        return true;
    disconnect(place);
    return false;
}

void place_abandon(struct place *place, const char *queue_id)
{
    if (place->channel == NULL)
        return;
    intake_abandon_send(place->channel, &(struct intake_abandon){ .queue_id = queue_id });
    if (!place->asked)
        ask(place);
    if (!ipc_flush(place->channel, deadline(place)))
        disconnect(place);
}
