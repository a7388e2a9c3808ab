/* drop_file.h: a message on its way from sendmail through postdrop to a file in maildrop, and from there to pickup: the same
 * bytes all the way.
 *
 *   "PHS1", then blocks: u8 type, u32 length (little endian), content
 *   'E' the envelope (envelope_encode), first and once; 'T' text with LF line ends, as many as needed; 'Z' the end, empty
 *
 * Whoever reads it treats it as hostile; without the end block it is not a message. */
#ifndef QMGR_CLIENT_DROP_FILE_H
#define QMGR_CLIENT_DROP_FILE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "qmgr/client/envelope.h"

/* --- writing (sendmail) --- */

struct drop_writer {
    int fd;
    bool failed;
    struct str text; /* a block being filled */
};

/* Begins with the envelope; then the content, piece by piece. Failures are remembered until the end. */
void drop_file_begin(struct drop_writer *writer, int fd, const struct envelope *envelope);
void drop_file_text(struct drop_writer *writer, const void *bytes, size_t length);
/* The end; false if any write failed. Frees what it holds, not the descriptor. */
bool drop_file_end(struct drop_writer *writer);

/* --- reading (postdrop, pickup) --- */

enum drop_result { DROP_TEXT, DROP_END, DROP_BAD };

struct drop_reader {
    int fd;
    struct str block;
};

/* Reads the start and the envelope. False: *why (constant text). raw (may be NULL) gets the bytes as they were, to
 * be written elsewhere. */
bool drop_file_open(struct drop_reader *reader, int fd, struct arena *arena, struct envelope *envelope, struct str *raw,
    const char **why);
/* The next text block; valid until the next call. */
enum drop_result drop_file_next(struct drop_reader *reader, const char **text, size_t *length);
void drop_file_close(struct drop_reader *reader); /* not the descriptor */

/* A block as it stands on disk, for postdrop. */
bool drop_file_copy_text(int fd, const char *text, size_t length);
bool drop_file_copy_end(int fd);
#endif
