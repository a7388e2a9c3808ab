/* message_file.h: the bytes of one message on disk, by descriptor (man/queue_file.5). Whoever takes in mail writes one
 * from front to back; whoever delivers reads it; neither knows its name. All reading treats the file as hostile.
 *
 *   header (MESSAGE_FILE_HEADER_BYTES, updated in place)  head  body  envelope  ... later: retry records
 *
 * "head" is the message header, "body" what follows the empty line (which belongs to neither). Both are stored as SMTP
 * sends them: CRLF line ends, a '.' doubled at the start of a line, every line ended. A changed head, body or envelope is
 * appended, and the header then points there. */
#ifndef QMGR_CLIENT_MESSAGE_FILE_H
#define QMGR_CLIENT_MESSAGE_FILE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "qmgr/client/envelope.h"
#include "util/base/arena.h"
#include "util/base/str.h"

enum { MESSAGE_FILE_HEADER_BYTES = 512, MESSAGE_FILE_VERSION = 1, MESSAGE_FILE_ID_BYTES = 64 };

struct message_extent {
    uint64_t offset;
    uint64_t length;
};

/* The header's content. What qmgr alone changes later stands at the end. */
struct message_file {
    bool complete;
    bool has_body;               /* whether an empty line follows the head */
    struct message_extent head;
    struct message_extent body;
    struct message_extent envelope;
    struct message_extent retry; /* why recipients wait; offset 0: nothing yet */
    uint32_t attempts;           /* delivery attempts so far that left something over */
    int64_t next_attempt_s;      /* since 1970 */
    bool delay_warned;           /* the sender was told about the delay */
    char queue_id[MESSAGE_FILE_ID_BYTES]; /* for which it was written */
    uint64_t written_length;     /* what its writer wrote behind the header, and the CRC-32 of that: a power cut during the */
    uint32_t written_checksum;   /* writer's sync may leave the header whole but not what it stands for */
};

/* The header: one checksummed block. Write: false with errno. Read: false and *why (constant text) when it isn't
 * ours, was torn, or an extent lies outside of the file. */
bool message_file_write_header(int fd, const struct message_file *file);
/* The header, and with the same system call what comes right behind it. */
bool message_file_write_start(int fd, const struct message_file *file, const char *bytes, size_t length);
bool message_file_read_header(int fd, struct message_file *file, const char **why);

/* Whether the file still holds what its writer wrote. True only before anything (done marks) was changed in place. */
bool message_file_is_whole(int fd, const struct message_file *file);

/* Reads and decodes the envelope that the header points to. */
bool message_file_read_envelope(int fd, const struct message_file *file, struct arena *arena,
    struct envelope *envelope, const char **why);

/* Marks a recipient done, in place; the caller syncs. */
bool message_file_mark_done(int fd, const struct recipient *recipient);

/* --- reading content --- */

/* Reads head, empty line and body as one text. Positioned reads: descriptors that were passed share their offset. */
struct message_reader {
    int fd;
    int error;                   /* errno of a failed read, or 0 */
    struct message_extent parts[3];
    size_t part;
    uint64_t at;                 /* in the current part */
    bool line_start;             /* message_reader_text: the next byte begins a line */
};

/* Content from its start; fd and file are borrowed. Reads with pread: the offset of fd isn't used. */
void message_reader_start(struct message_reader *reader, int fd, const struct message_file *file);
/* Only the head (for bounces that return headers). */
void message_reader_start_head(struct message_reader *reader, int fd, const struct message_file *file);

/* The next block as SMTP sends it (CRLF, dots doubled, without the final dot): its length, 0 at the end, -1 on an
 * error (reader->error; a file shorter than it says is EIO). */
ssize_t message_reader_wire(struct message_reader *reader, char *buffer, size_t size);

/* The same as local text: LF line ends, dots as the author wrote them. Appends at most about `limit` bytes to *out,
 * whole lines or parts of them; false at the end or on an error (reader->error). */
bool message_reader_text(struct message_reader *reader, struct str *out, size_t limit);

/* Convenience on top of message_reader_text for line-wise users (local text, line without LF). Reads one line of any
 * length up to `limit`; longer ones come in pieces (*whole false). */
struct message_lines {
    struct message_reader reader;
    struct str buffer;
    size_t at;
};
void message_lines_start(struct message_lines *lines, int fd, const struct message_file *file);
bool message_lines_next(struct message_lines *lines, const char **line, size_t *length, size_t limit, bool *whole);
void message_lines_stop(struct message_lines *lines);
#endif
