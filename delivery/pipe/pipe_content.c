#include "delivery/pipe/pipe_content.h"

#include <string.h>
#include <time.h>

#include "delivery/pipe/pipe_arguments.h"
#include "util/base/text.h"
#include "util/mail/address.h"

enum { BLOCK_BYTES = 16384, LINE_BYTES = 8192 };

void pipe_content_start(struct pipe_content *content, const struct pipe_attributes *attributes, const struct order *order)
{
    *content = (struct pipe_content){ .attributes = attributes, .order = order, .line_start = true };
    message_lines_start(&content->lines, order->content, &order->file);
}

void pipe_content_stop(struct pipe_content *content)
{
    message_lines_stop(&content->lines);
}

bool pipe_content_failed(const struct pipe_content *content)
{
    return content->lines.reader.error != 0;
}

static void put_header(const struct pipe_content *content, const char *before, const char *address, const char *after,
    struct str *block)
{
    str_put(block, before);
    address_quote(address, block);
    str_put(block, after);
    str_put(block, content->attributes->eol);
}

/* What stands in front of the message: the separator line of mailboxes, then fields. */
static void put_front(const struct pipe_content *content, struct str *block)
{
    const struct pipe_attributes *attributes = content->attributes;
    const struct order *order = content->order;
    const char *sender = pipe_arguments_sender(attributes, order);
    const struct recipient *recipient = &order->targets[0].recipient;
    time_t now = time(NULL);
    char date[32] = "";
    struct tm local;

    if (attributes->flags & PIPE_FLAG_FROM) {
        if (localtime_r(&now, &local) != NULL)
            (void)strftime(date, sizeof(date), "%a %b %e %H:%M:%S %Y", &local); /* fits */
        put_header(content, "From ", *sender == '\0' ? "MAILER-DAEMON" : sender, "  ", block);
        str_truncate(block, block->length - strlen(attributes->eol));
        str_put(block, date);
        str_put(block, attributes->eol);
    }
    if (attributes->flags & PIPE_FLAG_RETURN_PATH)
        put_header(content, "Return-Path: <", sender, ">", block);
    if (attributes->flags & PIPE_FLAG_ORIGINAL_TO)
        put_header(content, "X-Original-To: ", *recipient->original == '\0' ? recipient->address : recipient->original, "", block);
    if (attributes->flags & PIPE_FLAG_DELIVERED_TO)
        put_header(content, "Delivered-To: ", recipient->address, "", block);
}

static void put_line(struct pipe_content *content, const char *line, size_t length, bool whole, struct str *block)
{
    unsigned flags = content->attributes->flags;

    if (content->line_start && length > 0) {
        if ((flags & PIPE_FLAG_DOT) && *line == '.')
            str_put_char(block, '.');
        if ((flags & PIPE_FLAG_QUOTE_FROM) && length >= 5 && memcmp(line, "From ", 5) == 0)
            str_put_char(block, '>');
    }
    str_put_bytes(block, line, length);
    if (whole)
        str_put(block, content->attributes->eol);
    content->line_start = whole;
}

bool pipe_content_next(struct pipe_content *content, struct str *block)
{
    const char *line;
    size_t length;
    bool whole;

    if (!content->started)
        put_front(content, block);
    content->started = true;
    while (!content->ended && block->length < BLOCK_BYTES) {
        if (message_lines_next(&content->lines, &line, &length, LINE_BYTES, &whole)) {
            put_line(content, line, length, whole, block);
            continue;
        }
        content->ended = true;
        if ((content->attributes->flags & PIPE_FLAG_BLANK) && !pipe_content_failed(content))
            str_put(block, content->attributes->eol);
    }
    return block->length > 0;
}

bool pipe_content_was_delivered_to(const struct order *order, const char *address)
{
    static const char name[] = "Delivered-To:";
    struct message_lines lines;
    struct str internal = {0};
    const char *line;
    size_t length;
    bool whole;
    bool found = false;

    message_lines_start(&lines, order->content, &order->file);
    while (!found && message_lines_next(&lines, &line, &length, LINE_BYTES, &whole) && length > 0) {
        if (length < sizeof(name) || strncasecmp(line, name, sizeof(name) - 1) != 0)
            continue;
        char *value = arena_copy_bytes(order->arena, line + sizeof(name) - 1, length - sizeof(name) + 1);
        str_clear(&internal);
        found = address_unquote(value + strspn(value, " \t"), &internal)
            && text_equal_nocase(str_text(&internal), address);
    }
    message_lines_stop(&lines);
    str_free(&internal);
    return found;
}
