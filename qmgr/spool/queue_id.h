/* queue_id.h: names of messages, in Postfix's two forms (postconf(5) enable_long_queue_ids): short, microseconds
 * and inode in hexadecimal, unique while the file lives; long, seconds, microseconds and inode in base 52, unique
 * for good. */
#ifndef QMGR_SPOOL_QUEUE_ID_H
#define QMGR_SPOOL_QUEUE_ID_H
#include <stdbool.h>
#include <stdint.h>

#include "util/base/str.h"

enum { QUEUE_ID_BYTES_MAX = 100 };

/* Replaces *id. */
void queue_id_make(struct str *id, int64_t now_us, uint64_t inode, bool long_form);

/* Whether it may be a file name of ours: letters and digits only, 1 to QUEUE_ID_BYTES_MAX of them. */
bool queue_id_is_valid(const char *id);
bool queue_id_is_long(const char *id);

/* The character that names the subfolder at this level (from 0) of a hashed queue: of a short id its own
 * characters, of a long one the microseconds' hexadecimal digits (its first characters hardly change). '_' where
 * the id is too short. */
char queue_id_hash_character(const char *id, unsigned level);
#endif
