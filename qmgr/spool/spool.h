/* spool.h: the queue folders: where a message lies. Only processes that own the queue use it (qmgr, showq,
 * postsuper, ...). Names are made durable when places are made; renames between folders need no sync, since start-
 * up looks into all of them (the table of states is in ARCHITECTURE.md). */
#ifndef QMGR_SPOOL_SPOOL_H
#define QMGR_SPOOL_SPOOL_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "util/base/str.h"
#include "util/config/config.h"

enum queue {
    QUEUE_SPARE,    /* places made ahead, and messages being written */
    QUEUE_INCOMING,
    QUEUE_ACTIVE,
    QUEUE_DEFERRED,
    QUEUE_HOLD,
    QUEUE_CORRUPT,
    QUEUE_COUNT,
};

/* A mark on a file that postsuper -e and -f set and the queue manager reads: give up at the next attempt. */
#define SPOOL_MODE_FORCE_EXPIRED S_IXGRP

struct spool;

const char *spool_queue_name(enum queue queue); /* "deferred" */
/* QUEUE_COUNT: no such queue. */
enum queue spool_queue_named(const char *name);

/* Opens queue_directory (before privileges are dropped or paths confined). NULL with errno. */
struct spool *spool_open(const struct config *config);
void spool_close(struct spool *spool);
/* Makes queue folders that are missing; owned by user when that isn't (uid_t)-1. False with errno. */
bool spool_make_folders(struct spool *spool, uid_t user);
int spool_folder(const struct spool *spool); /* the descriptor of queue_directory */

/* Appends the path below queue_directory: "deferred/A/A12345". */
void spool_put_path(const struct spool *spool, enum queue queue, const char *id, struct str *path);

/* Like open(2), stat(2), unlink(2), utimes(2): with errno. ids are valid (queue_id_is_valid). Only regular files are opened
 * (else ELOOP); one descriptor is kept in reserve for this. */
int spool_open_file(struct spool *spool, enum queue queue, const char *id, int flags);
/* Without that descriptor, and of any type: for what can as well be left undone. */
int spool_try_open_file(const struct spool *spool, enum queue queue, const char *id, int flags);
bool spool_stat(const struct spool *spool, enum queue queue, const char *id, struct stat *status);
bool spool_remove(const struct spool *spool, enum queue queue, const char *id);
bool spool_set_time(const struct spool *spool, enum queue queue, const char *id, int64_t seconds);
/* Moves between queues; a hashed subfolder is made when it is missing. */
bool spool_move(const struct spool *spool, enum queue from, enum queue to, const char *id);
/* The same, to another id. */
bool spool_rename(const struct spool *spool, enum queue from, const char *from_id, enum queue to, const char *to_id);
/* Moves a file from wherever it was found (a folder's descriptor) to where it belongs. */
bool spool_adopt(const struct spool *spool, int folder, enum queue queue, const char *id);

/* Bytes that an ordinary user could still write; -1 with errno. */
int64_t spool_free_bytes(const struct spool *spool);
#endif
