#include "local/expand/loop.h"

#include <string.h>

#include "util/base/text.h"
#include "util/mail/address.h"

#define DELIVERED_TO "delivered-to:"

enum { LINE_MAX_BYTES = 4096, LIST_MAX_BYTES = 1048576 };

static void note(struct str *list, const char *line, size_t length)
{
    size_t name = strlen(DELIVERED_TO);
    struct str value = {0};

    while (name < length && text_is_space(line[name]))
        name++;
    str_put_bytes(&value, line + name, length - name);
    while (value.length > 0 && text_is_space(value.data[value.length - 1]))
        str_truncate(&value, value.length - 1);
    size_t start = list->length;
    if (!address_unquote(str_text(&value), list)) {
        str_truncate(list, start);
        str_put(list, str_text(&value));
    }
    str_put_char(list, '\n');
    str_free(&value);
}

static void read_header(struct delivery *delivery, struct str *list)
{
    const struct order *order = delivery->order;
    struct message_lines lines;
    const char *line;
    size_t length;
    bool whole;

    message_lines_start(&lines, order->content, &order->file);
    message_reader_start_head(&lines.reader, order->content, &order->file);
    while (message_lines_next(&lines, &line, &length, LINE_MAX_BYTES, &whole) && list->length < LIST_MAX_BYTES) {
        if (length > strlen(DELIVERED_TO) && (line[0] == 'D' || line[0] == 'd')
            && text_starts_with_nocase(line, DELIVERED_TO))
            note(list, line, length);
    }
    message_lines_stop(&lines);
}

bool loop_is_here(struct delivery *delivery, const char *address)
{
    if (delivery->verify || !delivery->order->file.complete)
        return false; /* there is no message, or that shows soon */
    if (delivery->delivered_to == NULL) {
        delivery->delivered_to = arena_allocate(delivery->order->arena, sizeof(*delivery->delivered_to));
        read_header(delivery, delivery->delivered_to);
    }
    size_t length = strlen(address);
    for (const char *at = str_text(delivery->delivered_to); *at != '\0';) {
        size_t line = strcspn(at, "\n");
        if (line == length && strncasecmp(at, address, length) == 0)
            return true;
        at += line + (at[line] == '\n');
    }
    return false;
}
