#include "qmgr/intake/content.h"

#include <stdlib.h>
#include <string.h>

#include "qmgr/intake/body.h"
#include "qmgr/intake/checks.h"
#include "qmgr/intake/headers.h"
#include "util/base/memory.h"
#include "util/mail/header.h"

/* What the present line is, as far as can be told. */
enum line_kind { LINE_UNDECIDED, LINE_EMPTY, LINE_FIELD, LINE_BODY };

struct content {
    struct str line;  /* the present physical line of the header, or the start of it */
    struct str field; /* the present field, folded lines with LF between them */
    struct str clean; /* a piece whose stray CR and LF were replaced */
    bool in_header;        /* the message's own */
    enum mime_next header; /* MIME_BODY: the own one or none; else that of a part or an attached message */
    bool line_is_field; /* the present line belongs to the header for certain */
    bool field_is_open;
};

struct content *content_new(void)
{
    return memory_new(struct content);
}

void content_free(struct content *content)
{
    if (content == NULL)
        return;
    str_free(&content->line);
    str_free(&content->field);
    str_free(&content->clean);
    free(content);
}

void content_start(struct intake_message *message)
{
    struct content *content = message->content;

    str_clear(&content->line);
    str_clear(&content->field);
    content->in_header = true;
    content->header = MIME_BODY;
    content->line_is_field = false;
    content->field_is_open = false;
    headers_start(message);
    if (!message->intake->config->disable_mime_input_processing)
        message->mime = mime_new(message->arena, (size_t)message->intake->config->mime_nesting_limit,
            (size_t)message->intake->config->mime_boundary_length_limit);
}

/* Adds to a field no more than header_size_limit allows; the excess is dropped, as documented. */
static void put_bounded(struct intake_message *message, struct str *field, const char *bytes, size_t length)
{
    size_t limit = (size_t)message->intake->config->header_size_limit;
    size_t room = field->length < limit ? limit - field->length : 0;

    str_put_bytes(field, bytes, length < room ? length : room);
}

static void finish_field(struct intake_message *message)
{
    struct content *content = message->content;

    if (!content->field_is_open)
        return;
    content->field_is_open = false;
    if (content->in_header)
        headers_take_field(message, &content->field);
    else
        body_take_field(message, content->header, &content->field);
    str_clear(&content->field);
}

static void end_own_header(struct intake_message *message, bool body_follows)
{
    message->content->in_header = false;
    if (state_is_healthy(message) && !message->discard)
        headers_finish(message);
    message->file.head = (struct message_extent){ MESSAGE_FILE_HEADER_BYTES,
        writer_offset(&message->writer) - MESSAGE_FILE_HEADER_BYTES };
    message->file.has_body = body_follows;
    message->writer.seen = 0; /* from here on it is about the body */
    message->file.body.offset = writer_offset(&message->writer);
    if (body_follows) { /* the empty line, which is not in the file */
        message->writer.text_bytes++;
        message->writer.lines++;
    }
}

/* how: an empty line, a line that is no field, or the end of the message. */
static void end_header(struct intake_message *message, enum line_kind how)
{
    struct content *content = message->content;

    finish_field(message);
    if (message->mime != NULL && message->intake->config->strict_mime_encoding_domain
        && mime_encoding_is_forbidden(message->mime))
        checks_reject_mime(message, "invalid message/* or multipart/* encoding domain",
            mime_encoding_name(message->mime));
    if (content->in_header)
        end_own_header(message, how != LINE_UNDECIDED);
    else if (how == LINE_EMPTY)
        writer_put(&message->writer, "", 0, true);
    content->header = message->mime == NULL ? MIME_BODY : mime_end_header(message->mime, how == LINE_EMPTY);
    if (content->header == MIME_BODY)
        body_begin_segment(message);
}

static void take_body(struct intake_message *message, const char *bytes, size_t length, bool line_end)
{
    message->content->header = body_text(message, bytes, length, line_end);
}

/* A whole line of the header, known to be one. */
static void take_header_line(struct intake_message *message)
{
    struct content *content = message->content;
    struct str *line = &content->line;

    str_truncate(line, strlen(line->data)); /* behind a zero byte no check could look */
    if (content->field_is_open && (line->data[0] == ' ' || line->data[0] == '\t')) {
        size_t limit = (size_t)message->intake->config->header_size_limit;
        if (content->field.length >= limit - limit / 10 && content->field.length + 1 + line->length > limit)
            return; /* no scrap of a line, as Postfix does it: earlier a part of the line is kept */
        put_bounded(message, &content->field, "\n", 1);
        put_bounded(message, &content->field, line->data, line->length);
        return;
    }
    finish_field(message);
    put_bounded(message, &content->field, line->data, line->length);
    content->field_is_open = true;
}

static enum line_kind judge(const struct content *content, bool line_end)
{
    const struct str *line = &content->line;
    size_t value;

    if (line->length == 0)
        return line_end ? LINE_EMPTY : LINE_UNDECIDED;
    if (content->field_is_open && (line->data[0] == ' ' || line->data[0] == '\t'))
        return LINE_FIELD;
    if (header_name_length(line->data, line->length, &value) > 0)
        return LINE_FIELD;
    return line_end || !header_may_begin(line->data, line->length) ? LINE_BODY : LINE_UNDECIDED;
}

static void take_header_piece(struct intake_message *message, const char *bytes, size_t length, bool line_end)
{
    struct content *content = message->content;

    if (content->line_is_field)
        put_bounded(message, &content->line, bytes, length);
    else
        str_put_bytes(&content->line, bytes, length);
    switch (content->line_is_field ? LINE_FIELD : judge(content, line_end)) {
    case LINE_UNDECIDED:
        if (content->line.length <= (size_t)message->intake->config->header_size_limit)
            return;
        end_header(message, LINE_BODY);
        take_body(message, content->line.data, content->line.length, line_end);
        break;
    case LINE_EMPTY:
        end_header(message, LINE_EMPTY);
        break;
    case LINE_BODY:
        end_header(message, LINE_BODY);
        take_body(message, content->line.data, content->line.length, line_end);
        break;
    case LINE_FIELD:
        content->line_is_field = !line_end;
        if (!line_end)
            return;
        take_header_line(message);
        break;
    }
    str_clear(&content->line);
}

/* CR and LF inside a line would be read as a line end by somebody (SMTP smuggling): they become blanks. */
static void replace_stray(struct str *text, bool cr_too)
{
    for (size_t i = 0; i < text->length; i++) {
        if (text->data[i] == '\n' || (cr_too && text->data[i] == '\r'))
            text->data[i] = ' ';
    }
}

/* Most text needs no cleaning and is passed on as it is. */
static const char *clean(struct intake_message *message, const char *bytes, size_t *length)
{
    struct str *copy = &message->content->clean;
    bool cr_too = message->intake->config->cleanup_replace_stray_cr_lf;
    bool has_characters = checks_have_characters(message->intake->checks);

    if (*length == 0 || (!has_characters && memchr(bytes, '\n', *length) == NULL
            && (!cr_too || memchr(bytes, '\r', *length) == NULL)))
        return bytes;
    str_clear(copy);
    str_put_bytes(copy, bytes, *length);
    if (has_characters)
        checks_filter_characters(message, copy);
    replace_stray(copy, cr_too);
    *length = copy->length;
    return str_text(copy);
}

void content_text(struct intake_message *message, const char *bytes, size_t length, bool line_end)
{
    struct content *content = message->content;

    bytes = clean(message, bytes, &length);
    if (!state_is_healthy(message) || (!content->in_header && state_is_refused(message) && !message->returns_whole))
        return; /* of most messages that bounce the header suffices */
    if (content->in_header || content->header != MIME_BODY)
        take_header_piece(message, bytes, length, line_end);
    else
        take_body(message, bytes, length, line_end);
    int64_t limit = message->intake->config->message_size_limit;
    if (limit > 0 && message->writer.text_bytes + message->writer.lines > (uint64_t)limit)
        state_fail(message, VERDICT(552, "5.3.4", "Error: message file too big"));
}

void content_finish(struct intake_message *message)
{
    struct content *content = message->content;

    if (content->line.length > 0)
        take_header_piece(message, "", 0, true);
    if (content->in_header || content->header != MIME_BODY)
        end_header(message, LINE_UNDECIDED);
    body_finish(message);
    if (message->writer.line_is_open)
        writer_put(&message->writer, "", 0, true);
    message->file.body.length = writer_offset(&message->writer) - message->file.body.offset;
}
