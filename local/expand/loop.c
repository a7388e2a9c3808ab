#include "local/expand/loop.h"

#include <string.h>

#include "util/base/text.h"
#include "util/mail/address.h"

#define DELIVERED_TO "delivered-to:"

enum { LINE_MAX_BYTES = 4096, LIST_MAX_BYTES = 1048576 };

static void note(struct str *list, const char *line, size_t length)
{
    size_t name = strlen(DELIVERED_TO);

    while (name < length && text_is_space(line[name]))
        name++;
    while (length > name && text_is_space(line[length - 1]))
        length--;
    str_put_bytes(list, line + name, length - name);
    str_put_char(list, '\n');
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

static bool is_listed(const struct str *list, const struct str *address)
{
    for (const char *at = str_text(list); *at != '\0';) {
        size_t line = strcspn(at, "\n");
        if (line == address->length && strncasecmp(at, str_text(address), line) == 0)
            return true;
        at += line + (at[line] == '\n');
    }
    return false;
}

bool loop_is_here(struct delivery *delivery, const char *address)
{
    if (delivery->verify || !delivery->order->file.complete)
        return false; /* there is no message, or that shows soon */
    if (delivery->delivered_to == NULL) {
        delivery->delivered_to = arena_allocate(delivery->order->arena, sizeof(*delivery->delivered_to));
        read_header(delivery, delivery->delivered_to);
    }
    struct str written = {0};
    address_quote(address, &written); /* as we would write it: another form of it is somebody else's */
    bool found = is_listed(delivery->delivered_to, &written);
    str_free(&written);
    return found;
}
