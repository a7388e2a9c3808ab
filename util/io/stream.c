#include "util/io/stream.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/io/fd.h"

enum { OUTPUT_BYTES = 16384 };

struct stream {
    int fd;
    int error;
    enum stream_status status;
    bool line_had_cr;
    int64_t timeout_s;
    int64_t deadline_ms;
    const struct stream_transport *transport;
    void *context;
    size_t input_start; /* input[input_start..input_end) is unread */
    size_t input_end;
    struct str output;
    char input[STREAM_BUFFER_BYTES]; /* last: it isn't cleared */
};

static ssize_t plain_read(void *context, void *bytes, size_t length, short *wait)
{
    struct stream *stream = context;

    *wait = POLLIN;
    return read(stream->fd, bytes, length);
}

static ssize_t plain_write(void *context, const void *bytes, size_t length, short *wait)
{
    struct stream *stream = context;

    *wait = POLLOUT;
    ssize_t sent = send(stream->fd, bytes, length, MSG_NOSIGNAL);
    return sent < 0 && errno == ENOTSOCK ? write(stream->fd, bytes, length) : sent;
}

static const struct stream_transport plain = { plain_read, plain_write, NULL };

struct stream *stream_open(int fd)
{
    struct stream *stream = memory_resize(NULL, 1, sizeof(*stream));

    memset(stream, 0, offsetof(struct stream, input));
    stream->fd = fd;
    stream->timeout_s = 300;
    stream->deadline_ms = CLOCK_NEVER;
    stream->transport = &plain;
    stream->context = stream;
    fd_set_nonblocking(fd, true);
    return stream;
}

int stream_detach(struct stream *stream)
{
    int fd = stream->fd;

    str_free(&stream->output);
    free(stream);
    return fd;
}

void stream_close(struct stream *stream)
{
    if (stream != NULL)
        (void)close(stream_detach(stream)); /* what mattered was flushed and checked before */
}

int stream_fd(const struct stream *stream)
{
    return stream->fd;
}

int stream_errno(const struct stream *stream)
{
    return stream->error;
}

enum stream_status stream_status(const struct stream *stream)
{
    return stream->status;
}

void stream_set_transport(struct stream *stream, const struct stream_transport *transport, void *context)
{
    stream->transport = transport == NULL ? &plain : transport;
    stream->context = transport == NULL ? stream : context;
}

void stream_set_timeout(struct stream *stream, int64_t seconds)
{
    stream->timeout_s = seconds;
}

void stream_set_deadline(struct stream *stream, int64_t deadline_ms)
{
    stream->deadline_ms = deadline_ms;
}

static enum stream_status fail(struct stream *stream, enum stream_status status, int error)
{
    stream->status = status;
    stream->error = error;
    return status;
}

/* Waits until the descriptor is ready, within the time limits. */
static enum stream_status wait_for(struct stream *stream, short events)
{
    struct pollfd poll_fd = { .fd = stream->fd, .events = events };
    int64_t deadline = clock_deadline_s(stream->timeout_s);

    if (stream->deadline_ms < deadline)
        deadline = stream->deadline_ms;
    for (;;) {
        int ready = poll(&poll_fd, 1, clock_left_ms(deadline));
        if (ready > 0)
            return STREAM_OK;
        if (ready == 0)
            return fail(stream, STREAM_TIMEOUT, ETIMEDOUT);
        if (errno != EINTR)
            return fail(stream, STREAM_ERROR, errno);
    }
}

static enum stream_status send_all(struct stream *stream, const char *bytes, size_t length)
{
    while (length > 0 && stream->status == STREAM_OK) {
        short wait = POLLOUT;
        ssize_t sent = stream->transport->write(stream->context, bytes, length, &wait);
        if (sent >= 0) {
            bytes += sent;
            length -= (size_t)sent;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            (void)wait_for(stream, wait); /* a failure ends the loop */
        } else if (errno != EINTR) {
            (void)fail(stream, STREAM_ERROR, errno);
        }
    }
    return stream->status;
}

enum stream_status stream_flush(struct stream *stream)
{
    if (stream->output.length > 0) {
        (void)send_all(stream, stream->output.data, stream->output.length); /* the status tells */
        str_clear(&stream->output);
    }
    return stream->status;
}

void stream_write(struct stream *stream, const void *bytes, size_t length)
{
    if (stream->status != STREAM_OK)
        return;
    if (stream->output.length + length > OUTPUT_BYTES)
        (void)stream_flush(stream); /* the status tells */
    if (length >= OUTPUT_BYTES)
        (void)send_all(stream, bytes, length); /* the status tells */
    else
        str_put_bytes(&stream->output, bytes, length);
}

void stream_put(struct stream *stream, const char *text)
{
    stream_write(stream, text, strlen(text));
}

void stream_printf(struct stream *stream, const char *format, ...)
{
    struct str text = {0};
    va_list arguments;

    va_start(arguments, format);
    str_vprintf(&text, format, arguments);
    va_end(arguments);
    stream_write(stream, str_text(&text), text.length);
    str_free(&text);
}

static void make_room(struct stream *stream)
{
    if (stream->input_start == 0)
        return;
    size_t length = stream->input_end - stream->input_start;
    memmove(stream->input, stream->input + stream->input_start, length);
    stream->input_start = 0;
    stream->input_end = length;
}

enum stream_status stream_fill(struct stream *stream)
{
    /* A peer that has only just been answered has sent nothing yet: the first try to read would be in vain. (TLS may hold bytes
     * that the socket doesn't show.) */
    bool answered = stream->output.length > 0 && stream->transport == &plain;

    if (stream->status != STREAM_OK || stream_flush(stream) != STREAM_OK)
        return stream->status;
    if (answered && wait_for(stream, POLLIN) != STREAM_OK)
        return stream->status;
    if (stream->input_start == stream->input_end)
        stream->input_start = stream->input_end = 0;
    else if (stream->input_end == sizeof(stream->input))
        make_room(stream);
    for (;;) {
        short wait = POLLIN;
        ssize_t count = stream->transport->read(stream->context, stream->input + stream->input_end,
            sizeof(stream->input) - stream->input_end, &wait);
        if (count > 0) {
            stream->input_end += (size_t)count;
            return STREAM_OK;
        }
        if (count == 0)
            return fail(stream, STREAM_EOF, 0);
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (wait_for(stream, wait) != STREAM_OK)
                return stream->status;
        } else if (errno != EINTR) {
            return fail(stream, STREAM_ERROR, errno);
        }
    }
}

const char *stream_peek(const struct stream *stream, size_t *length)
{
    *length = stream->input_end - stream->input_start;
    return stream->input + stream->input_start;
}

void stream_consume(struct stream *stream, size_t length)
{
    stream->input_start += length;
}

void stream_discard_input(struct stream *stream)
{
    stream->input_start = stream->input_end = 0;
}

void stream_wipe(struct stream *stream)
{
    explicit_bzero(stream->input, stream->input_start);
    if (stream->output.length == 0 && stream->output.data != NULL) {
        explicit_bzero(stream->output.data, stream->output.capacity);
        str_clear(&stream->output);
    }
}

bool stream_input_is_pending(struct stream *stream)
{
    struct pollfd poll_fd = { .fd = stream->fd, .events = POLLIN };

    if (stream->input_start < stream->input_end)
        return true;
    if (stream->transport->pending != NULL && stream->transport->pending(stream->context))
        return true;
    return poll(&poll_fd, 1, 0) > 0;
}

bool stream_line_had_cr(const struct stream *stream)
{
    return stream->line_had_cr;
}

enum stream_status stream_read_line(struct stream *stream, struct str *line, size_t limit)
{
    str_clear(line);
    for (;;) {
        size_t length;
        const char *bytes = stream_peek(stream, &length);
        const char *end = memchr(bytes, '\n', length);
        size_t take = end == NULL ? length : (size_t)(end - bytes);
        bool too_long = take > limit - line->length;

        if (too_long)
            take = limit - line->length;
        str_put_bytes(line, bytes, take);
        stream_consume(stream, take);
        if (too_long)
            return STREAM_TOO_LONG;
        if (end != NULL)
            break;
        if (stream_fill(stream) != STREAM_OK)
            return stream->status;
    }
    stream_consume(stream, 1);
    stream->line_had_cr = line->length > 0 && line->data[line->length - 1] == '\r';
    if (stream->line_had_cr)
        str_truncate(line, line->length - 1);
    return STREAM_OK;
}

enum stream_status stream_read_exactly(struct stream *stream, void *bytes, size_t length)
{
    char *to = bytes;

    while (length > 0) {
        size_t have;
        const char *from = stream_peek(stream, &have);
        if (have == 0) {
            if (stream_fill(stream) != STREAM_OK)
                return stream->status;
            continue;
        }
        size_t take = have < length ? have : length;
        memcpy(to, from, take);
        stream_consume(stream, take);
        to += take;
        length -= take;
    }
    return STREAM_OK;
}
