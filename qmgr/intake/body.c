#include "qmgr/intake/body.h"

#include <string.h>

#include "qmgr/intake/checks.h"
#include "util/mail/header.h"

static bool is_8bit(const char *bytes, size_t length)
{
    unsigned char all = 0;

    for (size_t i = 0; i < length; i++)
        all |= (unsigned char)bytes[i];
    return all & 0x80;
}

static bool wants_8bit_check(const struct intake_message *message)
{
    const struct config *config = message->intake->config;

    return message->mime != NULL && (config->strict_8bitmime || config->strict_8bitmime_body);
}

void body_begin_segment(struct intake_message *message)
{
    message->segment_bytes = 0;
    message->inspects_lines = checks_apply_to(message, CHECKS_BODY) || wants_8bit_check(message)
        || (message->mime != NULL && mime_follows_lines(message->mime));
}

static void check_line(struct intake_message *message)
{
    struct str *line = &message->body_line;
    struct str before = {0};
    bool keep = true;

    /* Only so much of each part is looked at: big attachments would cost time and hit patterns by chance. */
    if (message->segment_bytes < message->intake->config->body_checks_size_limit) {
        message->segment_bytes += (int64_t)line->length + 1;
        keep = checks_run(message, CHECKS_BODY, line, &before);
    }
    if (before.length > 0)
        writer_put_lines(&message->writer, before.data, before.length);
    str_free(&before);
    if (!keep)
        str_clear(line);
    message->drops_line = !keep;
}

/* A whole line, or a piece as long as line_length_limit. */
static enum mime_next take_line(struct intake_message *message, bool line_end)
{
    struct str *line = &message->body_line;
    enum mime_next next = MIME_BODY;
    bool boundary = false;

    if (message->mime != NULL && !message->in_long_line)
        next = mime_take_line(message->mime, str_text(line), line->length, &boundary);
    if (boundary && next == MIME_BODY) /* the last of its multipart */
        body_begin_segment(message); /* this line counts with what follows; a boundary between parts with what precedes */
    if (wants_8bit_check(message) && is_8bit(str_text(line), line->length)
        && mime_present_encoding(message->mime) != MIME_8BIT && mime_present_encoding(message->mime) != MIME_BINARY)
        checks_reject_mime(message, "improper use of 8-bit data in message body", str_text(line));
    message->drops_line = false;
    if (checks_apply_to(message, CHECKS_BODY))
        check_line(message);
    if (!message->drops_line)
        writer_put(&message->writer, str_text(line), line->length, line_end);
    str_clear(line);
    message->in_long_line = !line_end;
    return next;
}

enum mime_next body_text(struct intake_message *message, const char *bytes, size_t length, bool line_end)
{
    struct str *line = &message->body_line;
    size_t limit = (size_t)message->intake->config->line_length_limit;

    if (!message->inspects_lines) {
        writer_put(&message->writer, bytes, length, line_end);
        return MIME_BODY;
    }
    while (line->length + length > limit) {
        size_t now = limit - line->length;
        str_put_bytes(line, bytes, now);
        bytes += now;
        length -= now;
        (void)take_line(message, false); /* a piece of a long line is no boundary that anything follows */
    }
    str_put_bytes(line, bytes, length);
    return line_end ? take_line(message, true) : MIME_BODY;
}

void body_finish(struct intake_message *message)
{
    if (message->body_line.length > 0)
        (void)take_line(message, true); /* nothing follows */
}

void body_note_mime(struct intake_message *message, const struct header_kind *kind, const struct str *field, size_t value)
{
    if (message->mime == NULL)
        return;
    if (kind->id == HEADER_CONTENT_TYPE)
        mime_set_type(message->mime, field->data + value);
    else if (kind->id == HEADER_CONTENT_TRANSFER_ENCODING)
        mime_set_encoding(message->mime, field->data + value);
    if (kind->id == HEADER_CONTENT_TYPE && mime_nesting_is_exceeded(message->mime))
        checks_reject_mime(message, "MIME nesting exceeds safety limit", field->data);
}

void body_take_field(struct intake_message *message, enum mime_next header, struct str *field)
{
    struct str before = {0};
    size_t value;
    size_t name_length = header_name_length(str_text(field), field->length, &value);
    const struct header_kind *kind = header_kind_find(str_text(field), name_length);
    bool is_mime = header == MIME_PART_HEADER || (kind->flags & HEADER_MIME);

    if (!state_is_healthy(message) || message->discard)
        return;
    body_note_mime(message, kind, field, value);
    if (!state_is_healthy(message))
        return;
    bool keep = checks_run(message, is_mime ? CHECKS_MIME_HEADER : CHECKS_NESTED_HEADER, field, &before);
    if (before.length > 0)
        writer_put_lines(&message->writer, before.data, before.length);
    if (keep)
        writer_put_lines(&message->writer, str_text(field), field->length);
    str_free(&before);
}
