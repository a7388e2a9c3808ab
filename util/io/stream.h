/* stream.h: buffered reading and writing of one connection, with a time limit on every wait. Blocking in style; whether the
 * descriptor itself blocks is the stream's business. TLS replaces the transport underneath (stream_set_transport). */
#ifndef UTIL_IO_STREAM_H
#define UTIL_IO_STREAM_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/base/str.h"

struct stream;

enum stream_status {
    STREAM_OK,
    STREAM_EOF,      /* the peer closed */
    STREAM_TIMEOUT,  /* nothing within the time limit */
    STREAM_ERROR,    /* errno of the failed call: stream_errno() */
    STREAM_TOO_LONG, /* a line exceeds the limit; what was read so far is in the line, the rest is still to be read */
};

/* What moves bytes: the plain socket unless set otherwise. Both return the number of bytes, 0 at end of file (read), or
 * -1 with errno; EAGAIN with *wait set to POLLIN or POLLOUT when the caller has to wait first. */
struct stream_transport {
    ssize_t (*read)(void *context, void *bytes, size_t length, short *wait);
    ssize_t (*write)(void *context, const void *bytes, size_t length, short *wait);
    bool (*pending)(void *context); /* whether bytes were taken from the socket and not yet read; NULL: never */
};

/* Takes the descriptor. */
struct stream *stream_open(int fd);
/* Flushes nothing; closes the descriptor; NULL is allowed. */
void stream_close(struct stream *stream);
int stream_fd(const struct stream *stream);
int stream_errno(const struct stream *stream);

void stream_set_transport(struct stream *stream, const struct stream_transport *transport, void *context);

/* Each single wait may take so many seconds (default 300), but none goes beyond the deadline (clock.h; default never). */
void stream_set_timeout(struct stream *stream, int64_t seconds);
void stream_set_deadline(struct stream *stream, int64_t deadline_ms);

/* Once an operation failed, the stream stays failed; this is its status. */
enum stream_status stream_status(const struct stream *stream);

/* Reads up to and with the next LF, flushing output first if it has to wait. The line is put into *line (cleared first)
 * without its LF and one CR before it. At most limit bytes. */
enum stream_status stream_read_line(struct stream *stream, struct str *line, size_t limit);
/* Whether the line read last ended in CRLF (and not in a bare LF). */
bool stream_line_had_cr(const struct stream *stream);
/* Reads exactly length bytes. */
enum stream_status stream_read_exactly(struct stream *stream, void *bytes, size_t length);

/* Block access: what is in the buffer now (maybe nothing) ... */
const char *stream_peek(const struct stream *stream, size_t *length);
void stream_consume(struct stream *stream, size_t length);
/* ... and waiting for at least one more byte behind it. The buffer holds STREAM_BUFFER_BYTES; call it only when it isn't full. */
enum stream_status stream_fill(struct stream *stream);
enum { STREAM_BUFFER_BYTES = 32768 };
/* Drops input that was read but not consumed (after STARTTLS, for example). */
void stream_discard_input(struct stream *stream);
/* Overwrites what the buffers still hold of bytes that were consumed or sent: secrets. */
void stream_wipe(struct stream *stream);
/* Whether input is there without waiting: buffered, or readable on the socket. */
bool stream_input_is_pending(struct stream *stream);

/* Writing goes to a buffer that is sent when full or flushed. A failure shows in the status at the next flush. */
void stream_write(struct stream *stream, const void *bytes, size_t length);
void stream_put(struct stream *stream, const char *text);
void stream_printf(struct stream *stream, const char *format, ...) __attribute__((format(printf, 2, 3)));
enum stream_status stream_flush(struct stream *stream);
#endif
