/* fuzz_qmqp.c: a packet of QMQP from any bytes: no part is longer than allowed, and together they are no longer than the
 * packet says. The first byte says in which pieces the rest arrives. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "submission/qmqp_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

enum { PACKET_LIMIT = 100000, PART_LIMIT = 2000 };

struct source {
    const uint8_t *bytes;
    size_t length;
    size_t piece;
};

static ssize_t take(void *context, void *bytes, size_t length, short *wait)
{
    struct source *source = context;
    size_t count = source->length < source->piece ? source->length : source->piece;

    if (count > length)
        count = length;
    memcpy(bytes, source->bytes, count);
    source->bytes += count;
    source->length -= count;
    return (ssize_t)count;
}

static ssize_t put(void *context, const void *bytes, size_t length, short *wait)
{
    return (ssize_t)length;
}

static const struct stream_transport transport = { .read = take, .write = put };

static void try_packet(struct stream *stream)
{
    struct qmqp_packet packet;
    struct str text = {0};
    enum qmqp_trouble trouble = qmqp_packet_start(&packet, stream, PACKET_LIMIT);
    uint64_t total = packet.left;
    uint64_t taken = 0;

    if (trouble == QMQP_FINE && total > PACKET_LIMIT)
        abort();
    while (trouble == QMQP_FINE && !qmqp_packet_is_over(&packet)) {
        trouble = qmqp_packet_take(&packet, PART_LIMIT, &text);
        if (trouble == QMQP_FINE && text.length > PART_LIMIT)
            abort();
        taken += text.length + 3;
        if (trouble == QMQP_FINE && (taken > total || packet.left >= total))
            abort();
    }
    if (trouble == QMQP_FINE)
        trouble = qmqp_packet_end(&packet);
    if (trouble != QMQP_FINE && *qmqp_packet_reason(trouble) == '\0')
        abort();
    str_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    if (length == 0)
        return 0;
    struct source source = { .bytes = bytes + 1, .length = length - 1, .piece = (size_t)bytes[0] + 1 };
    struct stream *stream = stream_open(dup(STDIN_FILENO));
    stream_set_transport(stream, &transport, &source);
    try_packet(stream);
    stream_close(stream);
    return 0;
}
