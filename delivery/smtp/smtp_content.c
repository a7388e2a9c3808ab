#include "delivery/smtp/smtp_content.h"

#include "util/base/clock.h"
#include "util/log/log.h"

enum { BLOCK_BYTES = 65536 };

/* Fills the block from as many parts as fit, so that a small message is one write. */
static ssize_t fill_block(struct message_reader *reader, char *block)
{
    size_t length = 0;

    while (length < BLOCK_BYTES) {
        ssize_t count = message_reader_wire(reader, block + length, BLOCK_BYTES - length);
        if (count < 0)
            return -1;
        if (count == 0)
            break;
        length += (size_t)count;
    }
    return (ssize_t)length;
}

/* Each block earns time, never more than the limit from now (smtp_min_data_rate). */
static void extend_deadline(struct smtp_delivery *delivery, int64_t *deadline_ms, size_t length)
{
    const struct config *config = delivery->client->config;
    int64_t limit_ms = clock_deadline_s(config->smtp_data_xfer_timeout);

    if (!config->smtp_per_request_deadline)
        return;
    *deadline_ms += (int64_t)length * 1000 / config->smtp_min_data_rate;
    if (*deadline_ms > limit_ms)
        *deadline_ms = limit_ms;
    stream_set_deadline(delivery->session->stream, *deadline_ms);
}

/* The header lines that flags=DOR asks for; they speak of one recipient. */
static void put_extra_headers(struct smtp_delivery *delivery)
{
    (void)delivery;
}

static enum smtp_content_result send_blocks(struct smtp_delivery *delivery)
{
    static char block[BLOCK_BYTES]; /* one message at a time per process */
    struct stream *stream = delivery->session->stream;
    struct message_reader reader;
    int64_t deadline_ms = clock_deadline_s(delivery->client->config->smtp_data_xfer_timeout);
    char last = '\n';

    message_reader_start(&reader, delivery->order->content, &delivery->order->file);
    for (;;) {
        ssize_t length = fill_block(&reader, block);
        if (length < 0) {
            log_warning("%s: queue file read error", delivery->order->queue_id);
            return SMTP_CONTENT_UNREADABLE;
        }
        if (length == 0)
            break;
        stream_write(stream, block, (size_t)length);
        last = block[length - 1];
        extend_deadline(delivery, &deadline_ms, (size_t)length);
        if (stream_status(stream) != STREAM_OK)
            return SMTP_CONTENT_LOST;
    }
    if (last != '\n')
        stream_put(stream, "\r\n");
    return SMTP_CONTENT_SENT;
}

enum smtp_content_result smtp_content_send(struct smtp_delivery *delivery)
{
    if (!delivery->order->file.complete)
        return SMTP_CONTENT_UNREADABLE;
    put_extra_headers(delivery);
    return send_blocks(delivery);
}
