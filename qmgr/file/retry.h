/* retry.h: why recipients of a deferred message wait: a block at the end of its queue file (man/queue_file.5),
 * rewritten in place after each attempt. It is there for people (mailq) and for bounces of messages that expire; a
 * block that was torn by a power cut counts as absent. */
#ifndef QMGR_FILE_RETRY_H
#define QMGR_FILE_RETRY_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "qmgr/client/message_file.h"
#include "util/base/arena.h"

struct retry_reason {
    uint32_t index;              /* the recipient: counts from 0 in the envelope */
    const char *member;          /* whom it led to (an alias's member), if the reason is about him; NULL: it isn't */
    int64_t time_s;              /* of the attempt */
    const char *status;          /* "4.2.0" */
    const char *why;
    const char *diagnostic_type; /* "smtp" or "" */
    const char *diagnostic;
    const char *remote_mta;
};

struct retry {
    struct retry_reason *reasons; /* in the order in which they came up */
    size_t count;
    const struct retry_reason **by_index; /* those about recipients themselves, sorted; retry_read fills it */
    size_t index_count;
};

/* Writes the block behind everything else (or over the old block) and sets file->retry; the caller writes the
 * header and syncs. False with errno. */
bool retry_write(int fd, struct message_file *file, const struct retry *retry);

/* Reads it; none at all is an empty list. False: damaged. */
bool retry_read(int fd, const struct message_file *file, struct arena *arena, struct retry *retry);

/* About the recipient itself, in a block that was read. NULL: none. */
const struct retry_reason *retry_find(const struct retry *retry, uint32_t index);
#endif
