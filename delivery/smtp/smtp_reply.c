#include "delivery/smtp/smtp_reply.h"

#include <stdio.h>
#include <string.h>

#include "util/base/text.h"
#include "util/mail/reason.h"

/* A server that sends lines without end must not keep us for ever, deadline or not. */
enum { LINES_MAX = 10000 };

enum { NO_CODE = -1 };

void smtp_reply_clear(struct smtp_reply *reply)
{
    reply->code = 0;
    reply->status[0] = '\0';
    reply->line_count = 0;
    reply->odd_line_count = 0;
    str_clear(&reply->text);
}

void smtp_reply_free(struct smtp_reply *reply)
{
    str_free(&reply->text);
    *reply = (struct smtp_reply){0};
}

static int line_code(const char *line, size_t length)
{
    if (length < 3 || !text_is_digit(line[0]) || !text_is_digit(line[1]) || !text_is_digit(line[2]))
        return NO_CODE;
    if (length > 3 && line[3] != ' ' && line[3] != '-')
        return NO_CODE;
    return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

/* RFC 2034: a status of another class than the code's is no status. */
static void take_status(struct smtp_reply *reply, const char *line, size_t length)
{
    char start[REASON_STATUS_BYTES + 1];
    size_t take = length - 4 < sizeof(start) - 1 ? length - 4 : sizeof(start) - 1;

    memcpy(start, line + 4, take);
    start[take] = '\0';
    int status_length = reason_status_length(start);
    if (status_length > 0 && start[0] == line[0])
        (void)snprintf(reply->status, sizeof(reply->status), "%.*s", status_length, start); /* at most 9 bytes */
}

bool smtp_reply_add(struct smtp_reply *reply, const char *line, size_t length, size_t text_limit)
{
    int code = line_code(line, length);

    if (reply->line_count > 0 && reply->text.length < text_limit)
        str_put_char(&reply->text, '\n');
    if (reply->text.length < text_limit || reply->line_count == 0)
        text_put_printable(&reply->text, line, length, '?', true);
    reply->line_count++;
    if (code == NO_CODE) {
        reply->odd_line_count++;
    } else {
        reply->code = code;
        if (length > 4)
            take_status(reply, line, length);
    }
    if (reply->line_count >= LINES_MAX && reply->code == 0)
        reply->code = 500; /* nothing but noise */
    return (code != NO_CODE && (length == 3 || line[3] == ' ')) || reply->line_count >= LINES_MAX;
}

int smtp_reply_class(const struct smtp_reply *reply)
{
    return reply->code / 100;
}

const char *smtp_reply_status(const struct smtp_reply *reply, char buffer[12])
{
    int class = smtp_reply_class(reply);

    if (class != 2 && class != 4 && class != 5)
        return "5.5.0";
    if (reply->status[0] - '0' == class)
        return reply->status;
    (void)snprintf(buffer, 12, "%d.0.0", class); /* 5 bytes */
    return buffer;
}

void smtp_reply_put_text(const struct smtp_reply *reply, struct str *out)
{
    size_t start = out->length;

    str_put_bytes(out, str_text(&reply->text), reply->text.length);
    for (size_t i = start; i < out->length; i++) {
        if (out->data[i] == '\n')
            out->data[i] = ' ';
    }
}
