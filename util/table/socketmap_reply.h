/* socketmap_reply.h: what a socketmap server sends (socketmap_table(5)): one netstring, "LENGTH:STATUS TEXT,". Pure. */
#ifndef UTIL_TABLE_SOCKETMAP_REPLY_H
#define UTIL_TABLE_SOCKETMAP_REPLY_H
#include <stddef.h>

#include "util/base/str.h"

enum { SOCKETMAP_REPLY_BYTES_MAX = 100000 };

enum socketmap_length {
    SOCKETMAP_LENGTH_MORE, /* the colon has not come yet */
    SOCKETMAP_LENGTH_DONE,
    SOCKETMAP_LENGTH_MALFORMED,
    SOCKETMAP_LENGTH_TOO_LONG,
};

/* "LENGTH:" at the start of what has come so far. Done: *header bytes of it, and *length of the content (the comma comes
 * behind it). */
enum socketmap_length socketmap_reply_length(const char *bytes, size_t count, size_t *header, size_t *length);

enum socketmap_status {
    SOCKETMAP_OK,
    SOCKETMAP_NOTFOUND,
    SOCKETMAP_TEMP,
    SOCKETMAP_TIMEOUT,
    SOCKETMAP_PERM,
    SOCKETMAP_UNKNOWN, /* not a reply that we know */
};

/* Takes the content of the netstring apart; the value or the reason stays in *content, up to a zero byte. */
enum socketmap_status socketmap_reply_parse(struct str *content);
#endif
