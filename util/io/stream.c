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

/* How the plain transport waits for input. */
enum waiting {
    WAITING_UNKNOWN, /* nothing was read yet */
    WAITING_READ,    /* a blocking socket: the read itself waits, as long as receive_s */
    WAITING_POLL,    /* anything else */
};

struct stream {
    int fd;
    int error;
    enum waiting waiting;
    int64_t receive_s; /* the socket's time limit (SO_RCVTIMEO), if the read waits */
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
    if (stream->waiting == WAITING_READ)
        return recv(stream->fd, bytes, length, MSG_DONTWAIT);
    return read(stream->fd, bytes, length);
}

static ssize_t plain_write(void *context, const void *bytes, size_t length, short *wait)
{
    struct stream *stream = context;

    *wait = POLLOUT;
    ssize_t sent = send(stream->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0 || errno != ENOTSOCK)
        return sent;
    fd_set_nonblocking(stream->fd, true);
    return write(stream->fd, bytes, length);
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
    return stream;
}

static int detach(struct stream *stream)
{
    int fd = stream->fd;

    str_free(&stream->output);
    free(stream);
    return fd;
}

void stream_close(struct stream *stream)
{
    if (stream != NULL)
        (void)close(detach(stream)); /* what mattered was flushed and checked before */
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
    if (transport == NULL && stream->transport == &plain)
        return;
    stream->transport = transport == NULL ? &plain : transport;
    stream->context = transport == NULL ? stream : context;
    stream->waiting = WAITING_POLL;
    fd_set_nonblocking(stream->fd, true);
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

/* When a wait that begins now has to end. */
static int64_t wait_end_ms(const struct stream *stream)
{
    int64_t end_ms = clock_deadline_s(stream->timeout_s);

    return end_ms < stream->deadline_ms ? end_ms : stream->deadline_ms;
}

static enum stream_status wait_until(struct stream *stream, short events, int64_t end_ms)
{
    struct pollfd poll_fd = { .fd = stream->fd, .events = events };

    for (;;) {
        int ready = poll(&poll_fd, 1, clock_left_ms(end_ms));
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
            (void)wait_until(stream, wait, wait_end_ms(stream)); /* a failure ends the loop */
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

/* Finds out what the descriptor is; a socket's own time limit is at most the stream's. */
static void limit_receive(struct stream *stream)
{
    struct timeval limit = { .tv_sec = (time_t)stream->timeout_s };
    bool is_limited = stream->timeout_s > 0 && setsockopt(stream->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0;

    stream->waiting = is_limited ? WAITING_READ : WAITING_POLL;
    stream->receive_s = stream->timeout_s;
    fd_set_nonblocking(stream->fd, !is_limited);
}

/* Whether the read itself may wait: it saves a system call per line of a dialogue. */
static bool read_may_wait(struct stream *stream)
{
    if (stream->transport != &plain)
        return false;
    if (stream->waiting == WAITING_UNKNOWN || (stream->waiting == WAITING_READ && stream->timeout_s < stream->receive_s))
        limit_receive(stream);
    return stream->waiting == WAITING_READ && stream->deadline_ms == CLOCK_NEVER;
}

static void make_room(struct stream *stream)
{
    if (stream->input_start == stream->input_end) {
        stream->input_start = stream->input_end = 0;
    } else if (stream->input_end == sizeof(stream->input) && stream->input_start > 0) {
        size_t length = stream->input_end - stream->input_start;
        memmove(stream->input, stream->input + stream->input_start, length);
        stream->input_start = 0;
        stream->input_end = length;
    }
}

enum stream_status stream_fill(struct stream *stream)
{
    bool answered = stream->output.length > 0;

    if (stream->status != STREAM_OK || stream_flush(stream) != STREAM_OK)
        return stream->status;
    make_room(stream);
    int64_t end_ms = wait_end_ms(stream);
    bool waits = read_may_wait(stream);
    /* A peer that has only just been answered has sent nothing yet: the first try to read would be in vain. (TLS may hold bytes
     * that the socket doesn't show.) */
    if (answered && !waits && stream->transport == &plain && wait_until(stream, POLLIN, end_ms) != STREAM_OK)
        return stream->status;
    for (;;) {
        short wait = POLLIN;
        char *to = stream->input + stream->input_end;
        size_t room = sizeof(stream->input) - stream->input_end;
        ssize_t count = waits ? recv(stream->fd, to, room, 0) : stream->transport->read(stream->context, to, room, &wait);
        if (count > 0) {
            stream->input_end += (size_t)count;
            return STREAM_OK;
        }
        if (count == 0)
            return fail(stream, STREAM_EOF, 0);
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            waits = false; /* the socket's limit may have been shorter than ours: the rest of it passes in poll */
            if (wait_until(stream, wait, end_ms) != STREAM_OK)
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
