#include "qmgr/active/message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "qmgr/file/retry.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/io/fd.h"
#include "util/log/log.h"

enum { FIND_ATTEMPTS = 3 }; /* postsuper may be at work just now */

bool manager_has_room(const struct manager *manager)
{
    if (manager->draining)
        return false;
    return manager->message_count == 0
        || ((int64_t)manager->message_count < manager->config->qmgr_message_active_limit
            && (int64_t)manager->recipient_count < manager->config->qmgr_message_recipient_limit);
}

static void encode_attributes(struct message *message)
{
    struct str bytes = {0};
    struct envelope bare = message->envelope;

    bare.recipients = NULL;
    bare.recipient_count = 0;
    envelope_encode(&bare, &bytes);
    message->attributes = arena_copy_bytes(message->arena, bytes.data, bytes.length);
    message->attributes_length = bytes.length;
    str_free(&bytes);
}

/* What becomes of an alias: its members are recipients of their own. */
static const struct target expanded_target = { .state = TARGET_DONE, .tried = true, .code = 250, .status = "2.0.0",
    .why = "alias expanded", .relay = "none", .action = "expanded", .diagnostic_type = "", .diagnostic = "", .remote_mta = "" };

struct message *message_new(struct manager *manager, const char *id, struct arena *take_arena,
    const struct envelope *envelope)
{
    struct message *message = memory_new(struct message);

    message->lock = -1;
    message->manager = manager;
    message->id = memory_copy_text(id);
    message->arena = take_arena;
    message->envelope = *envelope;
    message->active_us = clock_wall_us();
    message->targets = arena_allocate(take_arena, envelope->recipient_count * sizeof(message->targets[0]) + 1);
    for (size_t i = 0; i < envelope->recipient_count; i++) {
        if (envelope->recipients[i].expanded)
            message->targets[i] = expanded_target;
        else if (envelope->recipients[i].done)
            message->targets[i] = (struct target){ .state = TARGET_DONE, .marked = true };
    }
    encode_attributes(message);
    HASH_ADD_KEYPTR(hh, manager->messages, message->id, strlen(message->id), message);
    manager->message_count++;
    manager->recipient_count += envelope->recipient_count;
    return message;
}

void message_free(struct message *message)
{
    struct manager *manager = message->manager;

    HASH_DEL(manager->messages, message);
    manager->message_count--;
    manager->recipient_count -= message->envelope.recipient_count;
    fd_close(&message->lock);
    arena_free(message->arena);
    free(message->id);
    free(message);
}

struct message *message_find(struct manager *manager, const char *id)
{
    struct message *message;

    HASH_FIND_STR(manager->messages, id, message);
    return message;
}

static bool marked_for_expiry(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && (status.st_mode & SPOOL_MODE_FORCE_EXPIRED) != 0;
}

bool message_is_force_expired(const struct message *message)
{
    struct stat status;

    return message->force_expired
        || (spool_stat(message->manager->spool, QUEUE_ACTIVE, message->id, &status)
            && (status.st_mode & SPOOL_MODE_FORCE_EXPIRED) != 0);
}

/* Something is wrong with us, not with the message: it is tried again later. */
static void put_off(struct manager *manager, const char *id)
{
    log_warning("%s: open queue file: %m", id);
    (void)spool_set_time(manager->spool, QUEUE_ACTIVE, id, clock_wall_us() / 1000000 + manager->config->minimal_backoff_time);
    if (!spool_move(manager->spool, QUEUE_ACTIVE, QUEUE_DEFERRED, id)
        && !spool_move(manager->spool, QUEUE_ACTIVE, QUEUE_INCOMING, id))
        log_warning("%s: move to the deferred queue: %m", id);
}

struct message *message_load(struct manager *manager, const char *id, const char **why)
{
    struct message_file file;
    struct envelope envelope;
    struct message *message = NULL;
    int fd = spool_open_file(manager->spool, QUEUE_ACTIVE, id, O_RDONLY);

    if (fd < 0) {
        *why = errno == ELOOP || errno == ENXIO ? "is no regular file" : "";
        if (errno != ELOOP && errno != ENXIO && errno != ENOENT)
            put_off(manager, id);
        return NULL;
    }
    struct arena *arena = arena_new();
    if (message_file_read_header(fd, &file, why) && message_file_read_envelope(fd, &file, arena, &envelope, why)) {
        message = message_new(manager, id, arena, &envelope);
        message->file = file;
        message->has_file = true;
        message->force_expired = marked_for_expiry(fd);
    } else {
        arena_free(arena);
    }
    fd_close(&fd);
    return message;
}

bool message_read_reasons(struct message *message, struct retry *retry)
{
    int fd = spool_open_file(message->manager->spool, QUEUE_ACTIVE, message->id, O_RDONLY);

    *retry = (struct retry){0};
    if (fd < 0)
        return true; /* gone; that shows later */
    bool good = retry_read(fd, &message->file, message->arena, retry);
    fd_close(&fd);
    return good;
}

/* --- writing --- */

/* A message that came by commit is looked at only when its file has to be changed: recipients know where they stand
 * relative to the envelope's first byte. */
static bool know_file(struct message *message, int fd)
{
    const char *why;

    if (message->has_file)
        return true;
    if (!message_file_read_header(fd, &message->file, &why)) {
        log_warning("%s: queue file %s", message->id, why);
        errno = EINVAL;
        return false;
    }
    message->envelope_base = message->file.envelope.offset;
    message->has_file = true;
    return true;
}

static bool mark_targets(struct message *message, int fd)
{
    for (size_t i = 0; i < message->envelope.recipient_count; i++) {
        struct target *target = &message->targets[i];
        struct recipient recipient = message->envelope.recipients[i];
        if (target->state != TARGET_DONE || target->marked)
            continue;
        recipient.offset += message->envelope_base;
        if (!message_file_mark_done(fd, &recipient))
            return false;
        target->marked = true;
    }
    return true;
}

/* Where its file is: active, or where postsuper took it meanwhile (hold; deferred, if it was released again). */
static enum queue find_queue(const struct message *message)
{
    static const enum queue others[] = { QUEUE_HOLD, QUEUE_DEFERRED };
    struct stat status;

    if (spool_stat(message->manager->spool, QUEUE_ACTIVE, message->id, &status))
        return QUEUE_ACTIVE;
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        if (spool_stat(message->manager->spool, others[i], message->id, &status))
            return others[i];
    }
    return QUEUE_ACTIVE;
}

bool message_remove_file(const struct message *message)
{
    const struct spool *spool = message->manager->spool;
    bool removed = spool_remove(spool, QUEUE_ACTIVE, message->id);

    for (int i = 0; !removed && errno == ENOENT && i < FIND_ATTEMPTS; i++)
        removed = spool_remove(spool, find_queue(message), message->id);
    return removed;
}

static int open_anywhere(const struct message *message, enum queue *queue)
{
    int fd = -1;

    for (int i = 0; i < FIND_ATTEMPTS && fd < 0; i++) {
        *queue = find_queue(message);
        fd = spool_open_file(message->manager->spool, *queue, message->id, O_RDWR);
        if (fd < 0 && errno != ENOENT)
            return -1;
    }
    return fd;
}

int message_open_file(const struct message *message)
{
    enum queue queue;

    return open_anywhere(message, &queue);
}

bool message_mark_done(struct message *message)
{
    int fd = spool_open_file(message->manager->spool, QUEUE_ACTIVE, message->id, O_RDWR);

    if (fd < 0)
        return false;
    bool marked = know_file(message, fd) && mark_targets(message, fd);
    int saved = errno;
    fd_close(&fd);
    errno = saved;
    return marked;
}

struct turn {
    uint32_t turn;
    uint32_t index;
};

static int compare_turns(const void *left_, const void *right_)
{
    const struct turn *left = left_;
    const struct turn *right = right_;

    if (left->turn != right->turn)
        return left->turn < right->turn ? -1 : 1;
    return left->index < right->index ? -1 : left->index > right->index;
}

void message_sort_by_turn(const struct message *message, uint32_t *indexes, size_t count)
{
    struct turn *turns = memory_zeroed(count + 1, sizeof(*turns));

    for (size_t i = 0; i < count; i++)
        turns[i] = (struct turn){ message->targets[indexes[i]].turn, indexes[i] };
    qsort(turns, count, sizeof(*turns), compare_turns);
    for (size_t i = 0; i < count; i++)
        indexes[i] = turns[i].index;
    free(turns);
}

static bool write_reasons(struct message *message, int fd)
{
    struct retry retry = {0};
    int64_t now_s = clock_wall_us() / 1000000;
    uint32_t *indexes = memory_zeroed(message->envelope.recipient_count + 1, sizeof(*indexes));
    size_t count = 0;

    for (size_t i = 0; i < message->envelope.recipient_count; i++) {
        if (message->targets[i].state == TARGET_DEFERRED && !message->targets[i].told_by_parts)
            indexes[count++] = (uint32_t)i;
    }
    message_sort_by_turn(message, indexes, count);
    retry.reasons = memory_zeroed(count + 1, sizeof(retry.reasons[0]));
    for (size_t i = 0; i < count; i++) {
        const struct target *target = &message->targets[indexes[i]];
        retry.reasons[retry.count++] = (struct retry_reason){
            .index = target->is_part ? target->parent : indexes[i],
            .member = target->is_part ? message->envelope.recipients[indexes[i]].address : NULL,
            .time_s = now_s,
            .status = target->status,
            .why = target->why,
            .diagnostic_type = target->diagnostic_type,
            .diagnostic = target->diagnostic,
            .remote_mta = target->remote_mta,
        };
    }
    bool written = retry_write(fd, &message->file, &retry);
    free(retry.reasons);
    free(indexes);
    return written;
}

static bool write_state(struct message *message, int fd, int64_t next_attempt_s, bool delay_warned)
{
    struct timespec times[2] = { { .tv_sec = (time_t)next_attempt_s }, { .tv_sec = (time_t)next_attempt_s } };

    if (!know_file(message, fd) || !mark_targets(message, fd))
        return false;
    if (!write_reasons(message, fd)) /* a full disk costs the reasons, not the marks */
        log_warning("%s: can't write why it is deferred: %m", message->id);
    message->file.attempts++;
    message->file.next_attempt_s = next_attempt_s;
    message->file.delay_warned |= delay_warned;
    return message_file_write_header(fd, &message->file) && fdatasync(fd) == 0 && futimens(fd, times) == 0;
}

/* It stays in active for now, and the next queue run moves it to incoming, as it does with what a predecessor left. Not if
 * that would repeat what was done and couldn't be marked, again and again: then the next start does it. */
static void leave_for_queue_run(struct message *message)
{
    for (size_t i = 0; i < message->envelope.recipient_count; i++) {
        if (message->targets[i].state == TARGET_DONE && !message->targets[i].marked)
            return;
    }
    message->manager->foreign++;
}

bool message_store_retry(struct message *message, int64_t next_attempt_s, bool delay_warned)
{
    struct spool *spool = message->manager->spool;
    enum queue queue;
    int fd = open_anywhere(message, &queue);

    if (fd < 0) {
        if (errno != ENOENT) { /* removed by postsuper -d: nothing to keep */
            log_warning("%s: open queue file: %m", message->id);
            leave_for_queue_run(message);
        }
        return false;
    }
    bool written = write_state(message, fd, next_attempt_s, delay_warned);
    if (!written)
        log_warning("%s: write queue file: %m", message->id);
    fd_close(&fd);
    if (queue == QUEUE_ACTIVE && !spool_move(spool, QUEUE_ACTIVE, QUEUE_DEFERRED, message->id)
        && !spool_move(spool, QUEUE_ACTIVE, QUEUE_INCOMING, message->id) /* a full disk has no room for a subfolder */
        && errno != ENOENT) { /* else postsuper has just taken it away, with what was written */
        log_warning("%s: move to the deferred queue: %m", message->id);
        leave_for_queue_run(message);
        return false;
    }
    return written;
}

bool message_has_verp(const struct message *message)
{
    return *message->envelope.sender != '\0' && strlen(envelope_attribute(&message->envelope, ATTRIBUTE_VERP)) == 2;
}

void message_release(struct message *message, enum queue queue)
{
    message->released = true;
    if (!spool_move(message->manager->spool, QUEUE_ACTIVE, queue, message->id) && errno != ENOENT)
        log_warning("%s: move to the %s queue: %m", message->id, spool_queue_name(queue));
    fd_close(&message->lock);
}
