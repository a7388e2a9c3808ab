#include "delivery/smtp/smtp_content.h"

#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/log/log.h"
#include "util/mail/address.h"

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

/* The header lines that flags=DOR asks for. They speak of one recipient, so the transport's recipient limit has to be 1. */
static void put_extra_headers(struct smtp_delivery *delivery)
{
    static const struct {
        unsigned flag;
        const char *name;
    } headers[] = {
        { SMTP_FLAG_RETURN_PATH, "Return-Path: <" },
        { SMTP_FLAG_ORIGINAL_TO, "X-Original-To: " },
        { SMTP_FLAG_DELIVERED_TO, "Delivered-To: " },
    };
    const struct order *order = delivery->order;
    const struct recipient *recipient = &order->targets[0].recipient;
    const char *const values[] = { order->envelope.sender, recipient->original, recipient->address };
    struct str text = {0};

    for (size_t i = 0; i < COUNT_OF(headers) && order->target_count == 1; i++) {
        if (!(delivery->client->flags & headers[i].flag) || (i > 0 && *values[i] == '\0'))
            continue;
        str_put(&text, headers[i].name);
        address_quote(values[i], &text);
        str_put(&text, i == 0 ? ">\r\n" : "\r\n");
    }
    stream_write(delivery->session->stream, str_text(&text), text.length);
    str_free(&text);
}

static enum smtp_content_result send_blocks(struct smtp_delivery *delivery, bool body_only)
{
    static char block[BLOCK_BYTES]; /* one message at a time per process */
    struct stream *stream = delivery->session->stream;
    struct message_reader reader;
    int64_t deadline_ms = clock_deadline_s(delivery->client->config->smtp_data_xfer_timeout);
    char last = '\n';

    message_reader_start(&reader, delivery->order->content, &delivery->order->file);
    if (body_only) {
        reader.parts[0] = reader.parts[2];
        reader.parts[1] = reader.parts[2] = (struct message_extent){0};
    }
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
    struct smtp_filter_need need = smtp_filter_need(delivery);
    if (!need.header)
        return send_blocks(delivery, false);
    enum smtp_content_result result = smtp_filter_send(delivery, &need);
    return result == SMTP_CONTENT_SENT && !need.body ? send_blocks(delivery, true) : result;
}
