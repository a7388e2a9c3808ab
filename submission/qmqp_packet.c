#include "submission/qmqp_packet.h"

enum { DIGITS_MAX = 18 };

static enum qmqp_trouble broken(const struct qmqp_packet *packet)
{
    return stream_status(packet->stream) == STREAM_TIMEOUT ? QMQP_TIMEOUT : QMQP_LOST;
}

static enum qmqp_trouble take_byte(struct qmqp_packet *packet, char *byte)
{
    return stream_read_exactly(packet->stream, byte, 1) == STREAM_OK ? QMQP_FINE : broken(packet);
}

/* "123:". *size: how many bytes that took. */
static enum qmqp_trouble take_length(struct qmqp_packet *packet, uint64_t *length, uint64_t *size)
{
    char byte = '0';

    *length = 0;
    for (*size = 0; *size <= DIGITS_MAX; (*size)++) {
        enum qmqp_trouble trouble = take_byte(packet, &byte);
        if (trouble != QMQP_FINE)
            return trouble;
        if (byte < '0' || byte > '9')
            break;
        *length = *length * 10 + (uint64_t)(byte - '0');
    }
    (*size)++;
    return byte == ':' && *size > 1 ? QMQP_FINE : QMQP_FORMAT;
}

static enum qmqp_trouble take_comma(struct qmqp_packet *packet)
{
    char byte = '\0';
    enum qmqp_trouble trouble = take_byte(packet, &byte);

    return trouble == QMQP_FINE && byte != ',' ? QMQP_FORMAT : trouble;
}

enum qmqp_trouble qmqp_packet_start(struct qmqp_packet *packet, struct stream *stream, uint64_t limit)
{
    uint64_t size;

    *packet = (struct qmqp_packet){ .stream = stream };
    enum qmqp_trouble trouble = take_length(packet, &packet->left, &size);
    if (trouble == QMQP_FINE && packet->left > limit)
        return QMQP_TOO_LONG;
    return trouble;
}

static enum qmqp_trouble take_text(struct qmqp_packet *packet, uint64_t length, struct str *text)
{
    str_clear(text);
    while (length > 0) {
        size_t have;
        const char *bytes = stream_peek(packet->stream, &have);
        if (have == 0) {
            if (stream_fill(packet->stream) != STREAM_OK)
                return broken(packet);
            continue;
        }
        size_t count = have < length ? have : (size_t)length;
        str_put_bytes(text, bytes, count);
        stream_consume(packet->stream, count);
        length -= count;
    }
    return take_comma(packet);
}

enum qmqp_trouble qmqp_packet_take(struct qmqp_packet *packet, uint64_t limit, struct str *text)
{
    uint64_t length;
    uint64_t size;

    enum qmqp_trouble trouble = take_length(packet, &length, &size);
    if (trouble != QMQP_FINE)
        return trouble;
    if (length > limit)
        return QMQP_TOO_LONG;
    if (length + size + 1 > packet->left)
        return QMQP_FORMAT;
    packet->left -= length + size + 1;
    return take_text(packet, length, text);
}

bool qmqp_packet_is_over(const struct qmqp_packet *packet)
{
    return packet->left == 0;
}

enum qmqp_trouble qmqp_packet_end(struct qmqp_packet *packet)
{
    return take_comma(packet);
}

const char *qmqp_packet_reason(enum qmqp_trouble trouble)
{
    switch (trouble) {
    case QMQP_FINE:
        break;
    case QMQP_LOST:
        return "lost connection";
    case QMQP_TIMEOUT:
        return "read/write timeout";
    case QMQP_FORMAT:
        return "netstring format error";
    case QMQP_TOO_LONG:
        return "netstring length exceeds storage limit";
    }
    return "";
}
