#include "qmgr/active/refill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <utlist.h>

#include "qmgr/active/message.h"
#include "qmgr/active/successor.h"
#include "qmgr/spool/recovery.h"
#include "qmgr/spool/scan.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/mail/address.h"

enum {
    FILES_PER_TURN = 100,
    MESSAGES_PER_TURN = 20,
    SITES_MAX = 1000,
    SITE_BYTES_MAX = 255, /* of a domain name */
};

/* A walk through one queue, and whether another is wanted when it ends. */
struct walk {
    enum queue queue;
    struct scan *scan;
    bool all;
    int64_t started_us;
    bool again;
    bool again_all;
};

struct site {
    struct site *next;
    char *domain;
};

struct refill {
    struct manager *manager;
    refill_take_up *take_up;
    struct event *turn;
    struct walk walks[2];
    unsigned next_walk;
    struct site *sites; /* domains whose mail the next walk through deferred makes due */
};

static void on_turn(evutil_socket_t fd, short what, void *context);
static void forget_sites(struct refill *refill);

struct refill *refill_new(struct manager *manager, refill_take_up *take_up)
{
    struct refill *refill = memory_new(struct refill);

    refill->manager = manager;
    refill->take_up = take_up;
    refill->walks[0].queue = QUEUE_INCOMING;
    refill->walks[1].queue = QUEUE_DEFERRED;
    refill->turn = event_new(manager->events, -1, 0, on_turn, refill);
    if (refill->turn == NULL)
        memory_exhausted();
    return refill;
}

static bool is_walking(const struct refill *refill)
{
    return refill->walks[0].scan != NULL || refill->walks[1].scan != NULL;
}

void refill_wake(struct refill *refill)
{
    if (is_walking(refill) && manager_has_room(refill->manager))
        event_active(refill->turn, 0, 0);
}

static void begin(struct refill *refill, struct walk *walk, bool all)
{
    if (walk->scan != NULL) { /* it may be past what is meant: once more afterwards */
        walk->again = true;
        walk->again_all |= all;
        return;
    }
    log_debug("look through %s%s; %zu messages with %zu recipients are active", spool_queue_name(walk->queue),
        all ? ", whatever its time" : "", refill->manager->message_count, refill->manager->recipient_count);
    walk->all = all;
    walk->started_us = clock_wall_us();
    walk->scan = scan_open(refill->manager->spool, walk->queue);
    refill_wake(refill);
}

void refill_scan_incoming(struct refill *refill)
{
    begin(refill, &refill->walks[0], false);
}

void refill_scan_deferred(struct refill *refill, bool all)
{
    begin(refill, &refill->walks[1], all);
}

void refill_scan_site(struct refill *refill, const char *site)
{
    struct site *known;
    size_t count = 0;

    LL_FOREACH(refill->sites, known) {
        count++;
        if (text_equal_nocase(known->domain, site))
            break;
    }
    if (strlen(site) > SITE_BYTES_MAX || (known == NULL && count == SITES_MAX))
        return;
    if (known == NULL) {
        struct site *added = memory_new(struct site);
        added->domain = memory_copy_text(site);
        LL_PREPEND(refill->sites, added);
    }
    begin(refill, &refill->walks[1], false);
}

static void forget_sites(struct refill *refill)
{
    struct site *site;
    struct site *next;

    LL_FOREACH_SAFE(refill->sites, site, next) {
        free(site->domain);
        free(site);
    }
    refill->sites = NULL;
}

static bool envelope_is_for(const struct envelope *envelope, const struct site *sites)
{
    const struct site *site;

    for (size_t i = 0; i < envelope->recipient_count; i++) {
        const char *domain = address_domain(envelope->recipients[i].address);
        LL_FOREACH(sites, site) {
            if (domain != NULL && !envelope->recipients[i].done && text_equal_nocase(domain, site->domain))
                return true;
        }
    }
    return false;
}

/* Whether a message that isn't due by its time is due for its destination. */
static bool is_for_site(const struct refill *refill, enum queue queue, const char *id)
{
    struct arena *arena = arena_new();
    struct message_file file;
    struct envelope envelope;
    const char *why;
    int fd = spool_open_file(refill->manager->spool, queue, id, O_RDONLY);
    bool wanted = fd >= 0 && message_file_read_header(fd, &file, &why)
        && message_file_read_envelope(fd, &file, arena, &envelope, &why) && envelope_is_for(&envelope, refill->sites);

    fd_close(&fd);
    arena_free(arena);
    return wanted;
}

static void end_walk(struct refill *refill, struct walk *walk)
{
    bool again = walk->again;
    bool all = walk->again_all;

    scan_close(walk->scan);
    walk->scan = NULL;
    walk->again = walk->again_all = false;
    if (walk->queue == QUEUE_DEFERRED && !again)
        forget_sites(refill);
    if (again)
        begin(refill, walk, all);
}

/* The file's time says when it is due, so that a long queue is looked through without opening any. A flush must not
 * meet a message again that it has just tried in vain: that one came back (st_ctim) after the walk began. */
static bool is_due(const struct refill *refill, const struct walk *walk, const char *id)
{
    struct stat status;

    if (!spool_stat(refill->manager->spool, walk->queue, id, &status))
        return false;
    if (walk->all)
        return (int64_t)status.st_ctim.tv_sec * 1000000 + status.st_ctim.tv_nsec / 1000 <= walk->started_us;
    return walk->queue == QUEUE_INCOMING || (int64_t)status.st_mtime <= clock_wall_us() / 1000000
        || (refill->sites != NULL && is_for_site(refill, walk->queue, id));
}

/* Held and released by postsuper while it was being delivered: by us, or by a predecessor. */
static bool is_being_delivered(struct manager *manager, enum queue queue, const char *id)
{
    return message_find(manager, id) != NULL
        || (queue == QUEUE_DEFERRED && recovery_is_held(manager->spool, queue, id));
}

static void take(struct refill *refill, enum queue queue, const char *id, bool flushed)
{
    struct manager *manager = refill->manager;

    if (is_being_delivered(manager, queue, id))
        log_warning("%s: skipped, still being delivered", id);
    else if (spool_move(manager->spool, queue, QUEUE_ACTIVE, id))
        (void)refill->take_up(manager, id, flushed && queue == QUEUE_DEFERRED); /* it logs */
    else if (errno != ENOENT)
        log_warning("%s: move to the active queue: %m", id);
}

void refill_take_deferred(struct refill *refill, const char *id)
{
    struct manager *manager = refill->manager;

    if (manager_has_room(manager))
        take(refill, QUEUE_DEFERRED, id, true);
    else if (spool_set_time(manager->spool, QUEUE_DEFERRED, id, clock_wall_us() / 1000000))
        refill_scan_deferred(refill, false);
}

/* Up to the next message that is due. False: the walk is over, or has used up its share of this turn. */
static bool step(struct refill *refill, struct walk *walk, int *budget)
{
    const char *id;

    while (walk->scan != NULL && (*budget)-- > 0) {
        id = scan_next(walk->scan);
        if (id == NULL) {
            end_walk(refill, walk);
            return false;
        }
        if (is_due(refill, walk, id)) {
            take(refill, walk->queue, id, walk->all);
            return true;
        }
    }
    return false;
}

static void on_turn(evutil_socket_t fd, short what, void *context)
{
    struct refill *refill = context;
    int budget = FILES_PER_TURN;

    for (int i = 0; i < MESSAGES_PER_TURN && budget > 0; i++) {
        if (!is_walking(refill) || !manager_has_room(refill->manager))
            break;
        refill->next_walk ^= 1;
        if (!step(refill, &refill->walks[refill->next_walk], &budget))
            (void)step(refill, &refill->walks[refill->next_walk ^ 1], &budget); /* then the other one's turn */
    }
    refill_wake(refill);
}

void refill_give_back(struct refill *refill, bool flushing)
{
    const struct walk *walk = &refill->walks[1];
    const struct site *site;

    if (flushing || (walk->scan != NULL && (walk->all || walk->again_all)))
        successor_tell(refill->manager, "DFA");
    LL_FOREACH (refill->sites, site)
        successor_tell_site(refill->manager, site->domain);
    for (size_t i = 0; i < COUNT_OF(refill->walks); i++) {
        scan_close(refill->walks[i].scan);
        refill->walks[i].scan = NULL;
    }
    forget_sites(refill);
}
