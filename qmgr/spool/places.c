#include "qmgr/spool/places.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qmgr/spool/queue_id.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/sys/sole_holder.h"

enum {
    BATCH_MIN = 8,
    BATCH_MAX = 128,
    FAST_MS = 1000,
    PLACE_MODE = 0600,
    REUSED_BYTES_MAX = 16384, /* what a place may have from its former life: all of it is zeroed, and written again at the next sync */
};

struct places {
    struct spool *spool;
    bool long_ids;
    int folder;            /* spare/ */
    size_t batch;          /* how many the next batch makes */
    int64_t last_batch_ms;
    size_t count;
    struct place free[BATCH_MAX + BATCH_MAX / 4];
    size_t retired_max;
    size_t retired_count;
    struct place retired[BATCH_MAX]; /* of former messages; their names aren't synced yet */
};

/* A small part of the descriptors that this process may have. */
static size_t find_retired_max(void)
{
    struct rlimit limit;
    size_t part = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (size_t)limit.rlim_cur / 16 : 0;

    return part < BATCH_MAX ? part : BATCH_MAX;
}

struct places *places_new(struct spool *spool, bool long_ids)
{
    int folder = openat(spool_folder(spool), spool_queue_name(QUEUE_SPARE), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0)
        return NULL;
    struct places *places = memory_new(struct places);
    places->spool = spool;
    places->long_ids = long_ids;
    places->folder = folder;
    places->batch = BATCH_MIN;
    places->retired_max = find_retired_max();
    return places;
}

static void remove_place(const struct places *places, struct place *place)
{
    fd_close(&place->fd);
    (void)spool_remove(places->spool, QUEUE_SPARE, place->id); /* start-up removes what is left */
}

void places_give_up(struct places *places)
{
    while (places->count > 0)
        remove_place(places, &places->free[--places->count]);
    while (places->retired_count > 0)
        remove_place(places, &places->retired[--places->retired_count]);
    places->retired_max = 0;
    places->batch = 1; /* one at a time from now on */
}

void places_free(struct places *places)
{
    if (places == NULL)
        return;
    places_give_up(places);
    fd_close(&places->folder);
    free(places);
}

static void name_place(const struct places *places, struct place *place, ino_t inode)
{
    struct str id = {0};

    queue_id_make(&id, clock_wall_us(), (uint64_t)inode, places->long_ids);
    (void)snprintf(place->id, sizeof(place->id), "%s", str_text(&id)); /* PLACE_ID_BYTES is enough */
    str_free(&id);
}

/* The name has the inode in it, so the file comes first under another name. */
static bool make_one(struct places *places, struct place *place)
{
    char draft[32];
    struct stat status;

    (void)snprintf(draft, sizeof(draft), "new.%ld", (long)getpid()); /* always fits */
    place->fd = openat(places->folder, draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, PLACE_MODE);
    if (place->fd < 0 && errno == EEXIST && unlinkat(places->folder, draft, 0) == 0)
        place->fd = openat(places->folder, draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, PLACE_MODE);
    if (place->fd < 0)
        return false;
    bool made = fstat(place->fd, &status) == 0;
    if (made) {
        name_place(places, place, status.st_ino);
        made = renameat(places->folder, draft, places->folder, place->id) == 0;
    }
    int saved = errno;
    if (!made)
        fd_close(&place->fd);
    errno = saved;
    return made;
}

static void adapt_batch(struct places *places)
{
    int64_t now_ms = clock_monotonic_ms();
    bool fast = now_ms - places->last_batch_ms < FAST_MS;

    places->last_batch_ms = now_ms;
    if (places->batch < BATCH_MIN)
        return; /* given up */
    if (fast && places->batch < BATCH_MAX)
        places->batch *= 2;
    else if (!fast && places->batch > BATCH_MIN)
        places->batch /= 2;
}

static bool make_batch(struct places *places)
{
    struct place made[BATCH_MAX];
    size_t count = 0;

    adapt_batch(places);
    count = places->retired_count < places->batch ? places->retired_count : places->batch;
    places->retired_count -= count;
    memcpy(made, places->retired, count * sizeof(made[0]));
    memmove(places->retired, places->retired + count, places->retired_count * sizeof(made[0]));
    while (count < places->batch && make_one(places, &made[count]))
        count++;
    int saved = errno;
    if (count > 0 && fsync(places->folder) != 0) {
        saved = errno;
        while (count > 0)
            fd_close(&made[--count].fd); /* start-up removes the files */
    }
    memcpy(places->free + places->count, made, count * sizeof(made[0]));
    places->count += count;
    errno = saved;
    return count > 0;
}

/* Nobody may have changed what it is, and nobody may be able to look into it from now on. */
static bool may_be_reused(int fd, struct stat *status)
{
    return fstat(fd, status) == 0 && S_ISREG(status->st_mode) && (status->st_mode & 07777) == PLACE_MODE && status->st_nlink == 1
        && sole_holder(fd);
}

static bool wipe(int fd, off_t size)
{
    static const char zeros[REUSED_BYTES_MAX];

    if (size > REUSED_BYTES_MAX && ftruncate(fd, REUSED_BYTES_MAX) != 0)
        return false;
    return fd_pwrite_all(fd, zeros, size < REUSED_BYTES_MAX ? (size_t)size : REUSED_BYTES_MAX, 0);
}

bool places_retire(struct places *places, enum queue queue, const char *id)
{
    struct place place;
    struct stat status;

    if (places->retired_count == places->retired_max)
        return false;
    place.fd = spool_try_open_file(places->spool, queue, id, O_RDWR);
    if (place.fd < 0)
        return false;
    bool named = may_be_reused(place.fd, &status);
    if (named) {
        name_place(places, &place, status.st_ino);
        named = spool_rename(places->spool, queue, id, QUEUE_SPARE, place.id); /* first: the old name must never stand for no message */
    }
    if (!named)
        fd_close(&place.fd);
    else if (may_be_reused(place.fd, &status) && wipe(place.fd, status.st_size)) /* now nobody can open it by its old name any more */
        places->retired[places->retired_count++] = place;
    else
        remove_place(places, &place);
    return named;
}

bool places_take(struct places *places, struct place *place)
{
    if (places->count == 0 && !make_batch(places))
        return false;
    *place = places->free[0]; /* the oldest: long ids sort by time */
    places->count--;
    memmove(places->free, places->free + 1, places->count * sizeof(*place));
    return true;
}

static bool is_among(const struct place *list, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++) {
        if (text_equal(list[i].id, id))
            return true;
    }
    return false;
}

bool places_has(const struct places *places, const char *id)
{
    return is_among(places->free, places->count, id) || is_among(places->retired, places->retired_count, id);
}

bool places_refill(struct places *places)
{
    return places->batch >= BATCH_MIN && places->count <= places->batch / 4 && make_batch(places);
}
