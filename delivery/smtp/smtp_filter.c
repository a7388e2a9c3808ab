#include "delivery/smtp/smtp_filter.h"

#include <string.h>

#include "delivery/smtp/smtp_checks.h"
#include "delivery/smtp/smtp_envelope.h"
#include "delivery/smtp/smtp_generic.h"
#include "delivery/smtp/smtp_qp.h"
#include "util/log/log.h"
#include "util/mail/header.h"
#include "util/mail/mime.h"

enum { PIECE_BYTES = 65536, FIELD_BYTES_MAX = 1 << 20, STANDARD_LINE_LIMIT = 998 };

struct filter {
    struct smtp_delivery *delivery;
    struct smtp_client *client;
    struct stream *stream;
    struct mime *mime;
    bool encode;
    size_t line_limit;        /* 0: none */
    bool limit_logged;
    bool failed;              /* a table */
    bool in_header;
    enum smtp_check_kind header_kind;
    struct str field;         /* the field that is being collected, LF between its lines */
    struct str text;          /* results of tables */
    bool part_is_encoded;
    struct str encoded;
    size_t encoded_column;
    size_t column;            /* of the output line */
    bool line_is_open;        /* a piece of a line was sent, more of it comes */
};

struct smtp_filter_need smtp_filter_need(const struct smtp_delivery *delivery)
{
    const struct smtp_client *client = delivery->client;
    const struct config *config = client->config;
    const struct envelope *envelope = &delivery->order->envelope;
    bool checks = !smtp_checks_are_empty(client->checks);
    bool lines = config->smtp_line_length_limit > 0
        && (config->smtp_line_length_limit < STANDARD_LINE_LIMIT || (envelope->flags & ENVELOPE_LONG_LINES));
    bool encode = smtp_envelope_is_encoded(delivery);

    return (struct smtp_filter_need){
        .header = checks || lines || encode || !smtp_generic_is_empty(client->generic),
        .body = checks || lines || encode,
        .encode = encode,
    };
}

/* --- output --- */

/* A piece of one line: dots at its start are doubled, the line is broken where it gets too long. */
static void put_piece(struct filter *filter, const char *bytes, size_t length)
{
    while (length > 0) {
        size_t take = length;
        if (filter->column == 0 && *bytes == '.')
            stream_write(filter->stream, ".", 1);
        if (filter->line_limit > 0) {
            if (filter->column == filter->line_limit) {
                if (!filter->limit_logged)
                    log_info("%s: breaking line > %zu bytes with <CR><LF>SPACE", filter->delivery->order->queue_id, filter->line_limit);
                filter->limit_logged = true;
                stream_write(filter->stream, "\r\n ", 3);
                filter->column = 1;
            }
            if (take > filter->line_limit - filter->column)
                take = filter->line_limit - filter->column;
        }
        stream_write(filter->stream, bytes, take);
        filter->column += take;
        bytes += take;
        length -= take;
    }
}

static void end_line(struct filter *filter)
{
    stream_write(filter->stream, "\r\n", 2);
    filter->column = 0;
}

/* Text with LF between its lines. */
static void put_lines(struct filter *filter, const char *text, size_t length)
{
    for (;;) {
        const char *lf = length == 0 ? NULL : memchr(text, '\n', length);
        if (lf == NULL)
            break;
        put_piece(filter, text, (size_t)(lf - text));
        end_line(filter);
        length -= (size_t)(lf - text) + 1;
        text = lf + 1;
    }
    put_piece(filter, text, length);
}

static void put_field(struct filter *filter, const char *field)
{
    put_lines(filter, field, strlen(field));
    end_line(filter);
}

/* --- header --- */

/* Content-Type and Content-Transfer-Encoding tell the structure. True: the field is left out, because another encoding will be
 * named at the end of the header. */
static bool take_mime_field(struct filter *filter, const char *field)
{
    size_t value;
    size_t length = header_name_length(field, strlen(field), &value);
    enum header_id id = length == 0 ? HEADER_OTHER : header_kind_find(field, length)->id;

    if (id == HEADER_CONTENT_TYPE)
        mime_set_type(filter->mime, field + value);
    if (id != HEADER_CONTENT_TRANSFER_ENCODING)
        return false;
    mime_set_encoding(filter->mime, field + value);
    enum mime_encoding encoding = mime_present_encoding(filter->mime);
    return filter->encode && (encoding == MIME_8BIT || encoding == MIME_BINARY);
}

static bool is_mime_field(const char *field)
{
    size_t value;
    size_t length = header_name_length(field, strlen(field), &value);

    return length > 0 && (header_kind_find(field, length)->flags & HEADER_MIME);
}

/* The message header's MIME fields are the business of mime_header_checks. */
static enum smtp_check_kind check_kind(const struct filter *filter)
{
    if (filter->header_kind == SMTP_CHECK_HEADER && is_mime_field(str_text(&filter->field)))
        return SMTP_CHECK_MIME_HEADER;
    return filter->header_kind;
}

static void finish_field(struct filter *filter)
{
    struct smtp_client *client = filter->client;

    if (filter->field.length == 0 || filter->failed)
        return;
    switch (smtp_checks_apply(client->checks, check_kind(filter), filter->delivery->order->queue_id, str_text(&filter->field),
        &filter->text)) {
    case SMTP_CHECK_PASS:
        break;
    case SMTP_CHECK_DROP:
        str_clear(&filter->field);
        return;
    case SMTP_CHECK_REPLACE:
        str_set(&filter->field, str_text(&filter->text));
        break;
    case SMTP_CHECK_PREPEND:
        put_field(filter, str_text(&filter->text));
        break;
    case SMTP_CHECK_FAILED:
        filter->failed = true;
        break;
    }
    if (filter->header_kind == SMTP_CHECK_HEADER && !smtp_generic_is_empty(client->generic)) {
        enum table_result result = smtp_generic_map_field(client->generic, str_text(&filter->field), &filter->text);
        if (result == TABLE_FOUND)
            str_set(&filter->field, str_text(&filter->text));
        filter->failed |= result == TABLE_FAILED;
    }
    if (!take_mime_field(filter, str_text(&filter->field)))
        put_field(filter, str_text(&filter->field));
    str_clear(&filter->field);
}

static void follow(struct filter *filter, enum mime_next next)
{
    filter->in_header = next != MIME_BODY;
    filter->header_kind = next == MIME_NESTED_HEADER ? SMTP_CHECK_NESTED_HEADER : SMTP_CHECK_MIME_HEADER;
}

static void finish_header(struct filter *filter, bool with_empty_line)
{
    finish_field(filter);
    enum mime_encoding encoding = mime_present_encoding(filter->mime);
    filter->part_is_encoded = false;
    if (filter->encode && (encoding == MIME_8BIT || encoding == MIME_BINARY)) {
        filter->part_is_encoded = mime_is_leaf(filter->mime);
        put_field(filter, filter->part_is_encoded ? "Content-Transfer-Encoding: quoted-printable"
                                                  : "Content-Transfer-Encoding: 7bit");
    }
    follow(filter, mime_end_header(filter->mime, with_empty_line));
}

/* --- body --- */

static void put_body(struct filter *filter, const char *line, size_t length, bool whole)
{
    if (filter->part_is_encoded) {
        str_clear(&filter->encoded);
        smtp_qp_put(line, length, whole, &filter->encoded_column, &filter->encoded);
        put_lines(filter, str_text(&filter->encoded), filter->encoded.length);
    } else {
        put_piece(filter, line, length);
    }
    if (whole)
        end_line(filter);
}

/* Whether the line goes out. */
static bool check_body(struct filter *filter, const char *line, size_t length)
{
    bool goes_out = true;

    if (smtp_checks_are_empty(filter->client->checks))
        return true;
    str_clear(&filter->field); /* serves as a C string of the line: no field is collected here */
    str_put_bytes(&filter->field, line, length);
    switch (smtp_checks_apply(filter->client->checks, SMTP_CHECK_BODY, filter->delivery->order->queue_id,
        str_text(&filter->field), &filter->text)) {
    case SMTP_CHECK_PASS:
        break;
    case SMTP_CHECK_DROP:
        goes_out = false;
        break;
    case SMTP_CHECK_REPLACE:
        put_body(filter, str_text(&filter->text), filter->text.length, true);
        goes_out = false;
        break;
    case SMTP_CHECK_PREPEND:
        put_body(filter, str_text(&filter->text), filter->text.length, true);
        break;
    case SMTP_CHECK_FAILED:
        filter->failed = true;
        break;
    }
    str_clear(&filter->field);
    return goes_out;
}

static void take_body_line(struct filter *filter, const char *line, size_t length, bool whole)
{
    enum mime_next next = MIME_BODY;
    bool boundary = false;

    if (!filter->line_is_open && mime_follows_lines(filter->mime))
        next = mime_take_line(filter->mime, line, length, &boundary);
    if (boundary)
        filter->part_is_encoded = false;
    if (filter->line_is_open || check_body(filter, line, length))
        put_body(filter, line, length, whole);
    filter->line_is_open = !whole;
    if (next != MIME_BODY)
        follow(filter, next);
}

static void take_header_line(struct filter *filter, const char *line, size_t length, bool whole)
{
    size_t value;

    if (filter->line_is_open) { /* the rest of an endless line: it can only belong to the field */
        if (filter->field.length < FIELD_BYTES_MAX)
            str_put_bytes(&filter->field, line, length);
    } else if (length == 0) {
        finish_header(filter, true);
        end_line(filter);
    } else if ((*line == ' ' || *line == '\t') && filter->field.length > 0) {
        str_put_char(&filter->field, '\n');
        str_put_bytes(&filter->field, line, length);
    } else if (header_name_length(line, length, &value) > 0) {
        finish_field(filter);
        str_put_bytes(&filter->field, line, length);
    } else {
        finish_header(filter, false);
        take_body_line(filter, line, length, whole);
        return;
    }
    filter->line_is_open = !whole;
}

enum smtp_content_result smtp_filter_send(struct smtp_delivery *delivery, const struct smtp_filter_need *need)
{
    const struct config *config = delivery->client->config;
    struct filter filter = {
        .delivery = delivery,
        .client = delivery->client,
        .stream = delivery->session->stream,
        .mime = mime_new(delivery->order->arena, (size_t)config->mime_nesting_limit,
            (size_t)config->mime_boundary_length_limit),
        .encode = need->encode,
        .line_limit = (size_t)config->smtp_line_length_limit,
        .in_header = true,
        .header_kind = SMTP_CHECK_HEADER,
    };
    struct message_lines lines;
    const char *line;
    size_t length;
    bool whole;

    message_lines_start(&lines, delivery->order->content, &delivery->order->file);
    if (!need->body)
        lines.reader.parts[2].length = 0; /* the caller sends it */
    while (!filter.failed && stream_status(filter.stream) == STREAM_OK
        && message_lines_next(&lines, &line, &length, PIECE_BYTES, &whole)) {
        if (filter.in_header)
            take_header_line(&filter, line, length, whole);
        else
            take_body_line(&filter, line, length, whole);
    }
    if (filter.in_header)
        finish_header(&filter, false);
    else if (filter.line_is_open)
        end_line(&filter);
    bool readable = lines.reader.error == 0;
    message_lines_stop(&lines);
    str_free(&filter.field);
    str_free(&filter.text);
    str_free(&filter.encoded);
    if (stream_status(filter.stream) != STREAM_OK)
        return SMTP_CONTENT_LOST;
    return filter.failed ? SMTP_CONTENT_TABLE_FAILED : readable ? SMTP_CONTENT_SENT : SMTP_CONTENT_UNREADABLE;
}
