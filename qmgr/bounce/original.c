#include "qmgr/bounce/original.h"

#include "util/base/text.h"
#include "util/mail/header.h"

enum { LINE_BYTES_MAX = 1 << 16, MESSAGE_ID_BYTES_MAX = 1000 };

/* Appends text without the blanks around it, behind one if there is something already. */
static void put_stripped(struct str *out, const char *text, size_t length)
{
    while (length > 0 && (*text == ' ' || *text == '\t')) {
        text++;
        length--;
    }
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    if (length > 0 && out->length > 0)
        str_put_char(out, ' ');
    str_put_bytes(out, text, length);
}

static bool is_message_id(const char *line, size_t length, size_t *value)
{
    size_t name = header_name_length(line, length, value);

    return name > 0 && header_kind_find(line, name)->id == HEADER_MESSAGE_ID;
}

static void find_message_id(const struct order *order, struct str *out)
{
    struct message_file file = order->file;
    struct message_lines lines;
    const char *line;
    size_t length;
    size_t value;
    bool whole;
    bool found = false;

    file.has_body = false;
    message_lines_start(&lines, order->content, &file);
    while (message_lines_next(&lines, &line, &length, LINE_BYTES_MAX, &whole)) {
        bool goes_on = length > 0 && (*line == ' ' || *line == '\t');
        if (found && !goes_on)
            break;
        if (found)
            put_stripped(out, line, length);
        else if (is_message_id(line, length, &value)) {
            found = true;
            put_stripped(out, line + value, length - value);
        }
    }
    message_lines_stop(&lines);
}

const char *original_message_id(struct order *order)
{
    struct str value = {0};
    struct str clean = {0};
    const char *copy = NULL;

    if (!order->file.complete)
        return NULL;
    find_message_id(order, &value);
    text_put_printable(&clean, str_text(&value), value.length, '?', true);
    if (value.length > 0 && value.length <= MESSAGE_ID_BYTES_MAX && text_equal(str_text(&clean), str_text(&value)))
        copy = arena_copy_text(order->arena, str_text(&value));
    str_free(&clean);
    str_free(&value);
    return copy;
}
