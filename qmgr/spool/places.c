#include "qmgr/spool/places.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qmgr/spool/queue_id.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/io/fd.h"

enum { BATCH_MIN = 8, BATCH_MAX = 128, FAST_MS = 1000, PLACE_MODE = 0600 };

struct places {
    struct spool *spool;
    bool long_ids;
    int folder;            /* spare/ */
    size_t batch;          /* how many the next batch makes */
    int64_t last_batch_ms;
    size_t count;
    struct place free[BATCH_MAX + BATCH_MAX / 4];
};

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
    return places;
}

void places_free(struct places *places)
{
    if (places == NULL)
        return;
    while (places->count > 0) {
        struct place *place = &places->free[--places->count];
        fd_close(&place->fd);
        (void)spool_remove(places->spool, QUEUE_SPARE, place->id); /* start-up removes what is left */
    }
    fd_close(&places->folder);
    free(places);
}

/* The name has the inode in it, so the file comes first under another name. */
static bool make_one(struct places *places, struct place *place)
{
    char draft[32];
    struct stat status;
    struct str id = {0};

    (void)snprintf(draft, sizeof(draft), "new.%ld", (long)getpid()); /* always fits */
    place->fd = openat(places->folder, draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, PLACE_MODE);
    if (place->fd < 0 && errno == EEXIST && unlinkat(places->folder, draft, 0) == 0)
        place->fd = openat(places->folder, draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, PLACE_MODE);
    if (place->fd < 0)
        return false;
    bool made = fstat(place->fd, &status) == 0;
    if (made) {
        queue_id_make(&id, clock_wall_us(), (uint64_t)status.st_ino, places->long_ids);
        (void)snprintf(place->id, sizeof(place->id), "%s", str_text(&id)); /* PLACE_ID_BYTES is enough */
        made = renameat(places->folder, draft, places->folder, place->id) == 0;
    }
    int saved = errno;
    str_free(&id);
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

bool places_take(struct places *places, struct place *place)
{
    if (places->count == 0 && !make_batch(places))
        return false;
    *place = places->free[0]; /* the oldest: long ids sort by time */
    places->count--;
    memmove(places->free, places->free + 1, places->count * sizeof(*place));
    return true;
}

bool places_refill(struct places *places)
{
    return places->count <= places->batch / 4 && make_batch(places);
}
