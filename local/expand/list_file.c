#include "local/expand/list_file.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

struct lines {
    struct str line;
    size_t line_limit;
    size_t limit;
    size_t count;
    destination_found *found;
    void *context;
};

static void end_line(struct lines *lines)
{
    str_put_char(&lines->line, ' '); /* for the line end: part of a quoted word that it cuts off */
    const char *text = str_text(&lines->line);
    size_t blanks = strspn(text, " \t\r");

    if (text[blanks] != '#' && text[blanks] != '\0' && lines->count < lines->limit)
        lines->count += destination_parse(text, lines->limit - lines->count, lines->found, lines->context);
    str_clear(&lines->line);
}

static void take(struct lines *lines, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\n' || lines->line.length >= lines->line_limit)
            end_line(lines);
        if (bytes[i] != '\n' && bytes[i] != '\0')
            str_put_char(&lines->line, bytes[i]);
    }
}

long list_file_read(int fd, size_t line_limit, size_t limit, destination_found *found, void *context)
{
    struct lines lines = { .line_limit = line_limit, .limit = limit, .found = found, .context = context };
    char block[4096];
    ssize_t count;

    while ((count = read(fd, block, sizeof(block))) != 0 && lines.count < limit) {
        if (count > 0)
            take(&lines, block, (size_t)count);
        else if (errno != EINTR)
            break;
    }
    int error = errno;
    if (count >= 0)
        end_line(&lines);
    str_free(&lines.line);
    errno = error;
    return count < 0 ? -1 : (long)lines.count;
}
