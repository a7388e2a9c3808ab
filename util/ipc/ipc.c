#include "util/ipc/ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/io/fd.h"

enum {
    HEADER_BYTES = 6, /* u32 length of the rest, u16 type */
    FDS_MAX = 64,     /* received and not yet fetched, or put and not yet sent */
};

struct waiting_fd {
    int fd;
    size_t at; /* output: the offset of the first byte of its message */
};

struct ipc_channel {
    int socket;
    bool failed;
    bool takes_fds;
    char error[64];
    int receive_ms; /* the socket's own time limit for reading; 0: not yet set, -1: it can't have one */
    struct str input;
    size_t input_start;
    size_t message_end; /* end of the message being decoded; 0: none */
    size_t cursor;
    int input_fds[FDS_MAX];
    size_t input_fd_count;
    struct str output;
    size_t output_start;
    size_t begin; /* where the message being put starts */
    struct waiting_fd output_fds[FDS_MAX];
    size_t output_fd_count;
};

struct ipc_channel *ipc_open(int socket)
{
    struct ipc_channel *channel = memory_new(struct ipc_channel);

    channel->socket = socket;
    return channel;
}

void ipc_take_descriptors(struct ipc_channel *channel)
{
    channel->takes_fds = true;
}

void ipc_close(struct ipc_channel *channel)
{
    if (channel == NULL)
        return;
    for (size_t i = 0; i < channel->input_fd_count; i++)
        fd_close(&channel->input_fds[i]);
    for (size_t i = 0; i < channel->output_fd_count; i++)
        fd_close(&channel->output_fds[i].fd);
    fd_close(&channel->socket);
    str_free(&channel->input);
    str_free(&channel->output);
    free(channel);
}

int ipc_fd(const struct ipc_channel *channel)
{
    return channel->socket;
}

const char *ipc_error(const struct ipc_channel *channel)
{
    return channel->error;
}

bool ipc_failed(const struct ipc_channel *channel)
{
    return channel->failed;
}

static bool fail(struct ipc_channel *channel, const char *why)
{
    if (!channel->failed) {
        size_t length = strnlen(why, sizeof(channel->error) - 1);
        memcpy(channel->error, why, length);
        channel->error[length] = '\0';
    }
    channel->failed = true;
    return false;
}

/* --- receiving --- */

static void compact_input(struct ipc_channel *channel)
{
    if (channel->input_start == 0)
        return;
    size_t left = channel->input.length - channel->input_start;
    memmove(channel->input.data, channel->input.data + channel->input_start, left);
    str_truncate(&channel->input, left);
    channel->input_start = 0;
}

/* False: end or error. *got: something came; otherwise there was nothing, or the socket's time limit passed. */
static bool feed(struct ipc_channel *channel, int flags, bool *got)
{
    char bytes[16384];
    int fd;

    *got = false;
    if (channel->failed)
        return false;
    ssize_t count = fd_receive(channel->socket, bytes, sizeof(bytes), &fd, flags);
    if (fd >= 0 && (!channel->takes_fds || channel->input_fd_count == FDS_MAX)) {
        fd_close(&fd);
        *got = true;
        (void)fail(channel, "unexpected descriptor");
        return true; /* it is there, and misbehaves */
    }
    if (fd >= 0)
        channel->input_fds[channel->input_fd_count++] = fd;
    if (count == 0)
        return fail(channel, "closed");
    if (count < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK || fail(channel, strerror(errno));
    *got = true;
    compact_input(channel);
    str_put_bytes(&channel->input, bytes, (size_t)count);
    return true;
}

bool ipc_feed(struct ipc_channel *channel)
{
    bool got;

    return feed(channel, MSG_DONTWAIT, &got);
}

bool ipc_next(struct ipc_channel *channel, unsigned *type)
{
    uint32_t length;
    uint16_t type16;

    if (channel->failed)
        return false;
    if (channel->message_end > 0) { /* the previous one was never decoded: skip it */
        channel->input_start = channel->message_end;
        channel->message_end = 0;
    }
    size_t have = channel->input.length - channel->input_start;
    if (have < HEADER_BYTES)
        return false;
    const char *start = channel->input.data + channel->input_start;
    memcpy(&length, start, sizeof(length));
    memcpy(&type16, start + sizeof(length), sizeof(type16));
    if (length < sizeof(type16) || length > IPC_MESSAGE_BYTES_MAX - sizeof(length))
        return fail(channel, "bad message length");
    if (have < sizeof(length) + length)
        return false;
    *type = type16;
    channel->cursor = channel->input_start + HEADER_BYTES;
    channel->message_end = channel->input_start + sizeof(length) + length;
    return true;
}

/* Whether the reading itself may wait: the socket then has a time limit of its own, no longer than what is left. That saves a
 * system call per message. */
static bool read_may_wait(struct ipc_channel *channel, int left_ms)
{
    int limit_ms = left_ms / 4 * 3;
    struct timeval limit = { .tv_sec = limit_ms / 1000, .tv_usec = limit_ms % 1000 * 1000 };

    if (channel->receive_ms == 0)
        channel->receive_ms =
            limit_ms > 0 && setsockopt(channel->socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 ? limit_ms : -1;
    return channel->receive_ms > 0 && channel->receive_ms <= left_ms;
}

bool ipc_receive(struct ipc_channel *channel, unsigned *type, int64_t deadline_ms)
{
    bool polls = false; /* a read has waited in vain: the rest of the time passes in poll */

    while (!ipc_next(channel, type)) {
        struct pollfd poll_fd = { .fd = channel->socket, .events = POLLIN };
        int left_ms = clock_left_ms(deadline_ms);
        if (channel->failed)
            return false;
        if (!polls && read_may_wait(channel, left_ms)) {
            bool got;
            if (!feed(channel, 0, &got))
                return false;
            polls = !got;
            continue;
        }
        int ready = poll(&poll_fd, 1, left_ms);
        if (ready == 0)
            return fail(channel, "timeout");
        if (ready < 0 && errno != EINTR)
            return fail(channel, strerror(errno));
        if (ready > 0 && !ipc_feed(channel))
            return false;
    }
    return true;
}

static bool get(struct ipc_channel *channel, void *to, size_t length)
{
    if (channel->message_end - channel->cursor < length)
        return fail(channel, "short message");
    memcpy(to, channel->input.data + channel->cursor, length);
    channel->cursor += length;
    return true;
}

bool ipc_get_u32(struct ipc_channel *channel, uint32_t *value)
{
    return get(channel, value, sizeof(*value));
}

bool ipc_get_u64(struct ipc_channel *channel, uint64_t *value)
{
    return get(channel, value, sizeof(*value));
}

bool ipc_get_flag(struct ipc_channel *channel, bool *value)
{
    uint8_t byte;

    if (!get(channel, &byte, 1))
        return false;
    *value = byte == 1;
    return byte <= 1 || fail(channel, "bad flag");
}

bool ipc_get_bytes(struct ipc_channel *channel, struct ipc_bytes *value)
{
    uint32_t length;

    if (!ipc_get_u32(channel, &length))
        return false;
    if (channel->message_end - channel->cursor < length)
        return fail(channel, "short message");
    *value = (struct ipc_bytes){ channel->input.data + channel->cursor, length };
    channel->cursor += length;
    return true;
}

/* Text is sent with a zero byte, so that it can be used where it lies. */
bool ipc_get_str(struct ipc_channel *channel, const char **value)
{
    struct ipc_bytes bytes;

    if (!ipc_get_bytes(channel, &bytes))
        return false;
    *value = bytes.data;
    const char *zero = bytes.length == 0 ? NULL : memchr(bytes.data, '\0', bytes.length);
    return (zero != NULL && zero == *value + bytes.length - 1) || fail(channel, "bad text");
}

bool ipc_get_fd(struct ipc_channel *channel, int *value)
{
    if (channel->input_fd_count == 0)
        return fail(channel, "missing descriptor");
    *value = channel->input_fds[0];
    channel->input_fd_count--;
    memmove(channel->input_fds, channel->input_fds + 1, channel->input_fd_count * sizeof(int));
    return true;
}

bool ipc_get_end(struct ipc_channel *channel, bool good)
{
    if (!good)
        return false;
    if (channel->cursor != channel->message_end)
        return fail(channel, "long message");
    channel->input_start = channel->message_end;
    channel->message_end = 0;
    return true;
}

/* --- sending --- */

void ipc_put_begin(struct ipc_channel *channel, unsigned type)
{
    uint32_t length = 0;
    uint16_t type16 = (uint16_t)type;

    if (channel->output_start == channel->output.length) {
        str_clear(&channel->output);
        channel->output_start = 0;
    }
    channel->begin = channel->output.length;
    str_put_bytes(&channel->output, &length, sizeof(length));
    str_put_bytes(&channel->output, &type16, sizeof(type16));
}

void ipc_put_end(struct ipc_channel *channel)
{
    size_t size = channel->output.length - channel->begin - sizeof(uint32_t);
    uint32_t length = (uint32_t)size;

    if (size > IPC_MESSAGE_BYTES_MAX - sizeof(length)) {
        (void)fail(channel, "message too long to send");
        str_truncate(&channel->output, channel->begin);
        return;
    }
    memcpy(channel->output.data + channel->begin, &length, sizeof(length));
}

void ipc_put_u32(struct ipc_channel *channel, uint32_t value)
{
    str_put_bytes(&channel->output, &value, sizeof(value));
}

void ipc_put_u64(struct ipc_channel *channel, uint64_t value)
{
    str_put_bytes(&channel->output, &value, sizeof(value));
}

void ipc_put_flag(struct ipc_channel *channel, bool value)
{
    str_put_char(&channel->output, value ? 1 : 0);
}

void ipc_put_bytes(struct ipc_channel *channel, struct ipc_bytes value)
{
    ipc_put_u32(channel, value.length > UINT32_MAX ? UINT32_MAX : (uint32_t)value.length);
    str_put_bytes(&channel->output, value.data, value.length);
}

void ipc_put_str(struct ipc_channel *channel, const char *value)
{
    if (value == NULL)
        value = "";
    ipc_put_bytes(channel, (struct ipc_bytes){ value, strlen(value) + 1 });
}

void ipc_put_fd(struct ipc_channel *channel, int value)
{
    if (value < 0 || channel->output_fd_count == FDS_MAX) {
        fd_close(&value);
        (void)fail(channel, "no descriptor to send");
        return;
    }
    channel->output_fds[channel->output_fd_count++] = (struct waiting_fd){ value, channel->begin };
}

/* Sends up to the message that brings a second descriptor. The first one goes with the first byte, be it of an earlier message: the
 * receiver hands them out in order. */
static ssize_t send_some(struct ipc_channel *channel)
{
    size_t end = channel->output_fd_count > 1 ? channel->output_fds[1].at : channel->output.length;
    int fd = channel->output_fd_count > 0 ? channel->output_fds[0].fd : -1;

    ssize_t sent = fd_send(channel->socket, channel->output.data + channel->output_start,
        end - channel->output_start, fd, MSG_DONTWAIT);
    if (sent > 0 && fd >= 0) {
        fd_close(&channel->output_fds[0].fd);
        channel->output_fd_count--;
        memmove(channel->output_fds, channel->output_fds + 1,
            channel->output_fd_count * sizeof(channel->output_fds[0]));
    }
    return sent;
}

size_t ipc_output_bytes(const struct ipc_channel *channel)
{
    return channel->output.length - channel->output_start;
}

bool ipc_drain(struct ipc_channel *channel, bool *more)
{
    *more = false;
    while (!channel->failed && ipc_output_bytes(channel) > 0) {
        ssize_t sent = send_some(channel);
        if (sent >= 0) {
            channel->output_start += (size_t)sent;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            *more = true;
            return true;
        } else {
            return fail(channel, strerror(errno));
        }
    }
    return !channel->failed;
}

bool ipc_flush(struct ipc_channel *channel, int64_t deadline_ms)
{
    bool more = true;

    while (more) {
        struct pollfd poll_fd = { .fd = channel->socket, .events = POLLOUT };
        if (!ipc_drain(channel, &more))
            return false;
        if (!more)
            return true;
        int ready = poll(&poll_fd, 1, clock_left_ms(deadline_ms));
        if (ready == 0)
            return fail(channel, "timeout");
        if (ready < 0 && errno != EINTR)
            return fail(channel, strerror(errno));
    }
    return true;
}

/* --- debug print --- */

void ipc_print_u32(struct str *out, const char *name, uint32_t value)
{
    ipc_print_u64(out, name, value);
}

void ipc_print_u64(struct str *out, const char *name, uint64_t value)
{
    str_printf(out, " %s=%llu", name, (unsigned long long)value);
}

void ipc_print_flag(struct str *out, const char *name, bool value)
{
    str_printf(out, " %s=%s", name, value ? "yes" : "no");
}

void ipc_print_str(struct str *out, const char *name, const char *value)
{
    str_printf(out, " %s=\"", name);
    if (value != NULL)
        text_put_printable(out, value, strlen(value), '?', true);
    str_put_char(out, '"');
}

void ipc_print_bytes(struct str *out, const char *name, struct ipc_bytes value)
{
    str_printf(out, " %s=(%zu bytes)", name, value.length);
}

void ipc_print_fd(struct str *out, const char *name, int value)
{
    str_printf(out, " %s=(descriptor %d)", name, value);
}
