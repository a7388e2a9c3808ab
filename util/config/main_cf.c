#include "util/config/main_cf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/base/text.h"

void main_cf_lines_start(struct main_cf_lines *lines, const char *text, size_t length)
{
    *lines = (struct main_cf_lines){ .cursor = text, .end = text + length, .next_line = 1 };
}

/* One physical line, without its end. */
static bool physical_line(struct main_cf_lines *lines, const char **line, size_t *length)
{
    if (lines->cursor == lines->end)
        return false;
    const char *newline = memchr(lines->cursor, '\n', (size_t)(lines->end - lines->cursor));
    *line = lines->cursor;
    *length = (size_t)((newline != NULL ? newline : lines->end) - lines->cursor);
    lines->cursor = newline != NULL ? newline + 1 : lines->end;
    lines->next_line++;
    return true;
}

static bool is_empty_or_comment(const char *line, size_t length)
{
    size_t at = 0;

    while (at < length && text_is_space(line[at]))
        at++;
    return at == length || line[at] == '#';
}

bool main_cf_lines_next(struct main_cf_lines *lines)
{
    const char *line = NULL;
    size_t length = 0;
    bool started = false;

    str_clear(&lines->text);
    while (lines->cursor != lines->end) {
        if (started && !text_is_space(*lines->cursor) && *lines->cursor != '#')
            break;
        (void)physical_line(lines, &line, &length); /* there is one: the cursor isn't at the end */
        if (is_empty_or_comment(line, length))
            continue;
        if (!started)
            lines->line = lines->next_line - 1;
        started = true;
        lines->last_line = lines->next_line - 1;
        str_put_bytes(&lines->text, line, length);
    }
    lines->is_orphan = started && text_is_space(str_text(&lines->text)[0]);
    return started;
}

const char *main_cf_split(char *line, char **name, char **value)
{
    char *at = line;

    while (text_is_space(*at))
        at++;
    *name = at;
    if (*at == '=' || *at == '\0')
        return "missing attribute name";
    while (*at != '\0' && *at != '=' && !text_is_space(*at))
        at++;
    char *name_end = at;
    while (text_is_space(*at))
        at++;
    if (*at != '=')
        return "missing '=' after attribute name";
    at++;
    *name_end = '\0';
    while (text_is_space(*at))
        at++;
    *value = at;
    char *end = at + strlen(at);
    while (end > at && text_is_space(end[-1]))
        end--;
    *end = '\0';
    return NULL;
}

static void warn_of_orphan(const char *file, const struct main_cf_lines *lines, const struct main_cf_reader *reader)
{
    struct str text = { 0 };

    if (reader->warning == NULL)
        return;
    str_printf(&text, "%s: logical line must not start with whitespace: \"%.30s%s\"", file,
        str_text(&lines->text), lines->text.length > 30 ? "..." : "");
    reader->warning(reader->context, str_text(&text));
    str_free(&text);
}

bool main_cf_read_text(const char *file, const char *text, size_t length, const struct main_cf_reader *reader, struct str *why)
{
    struct main_cf_lines lines;
    bool good = true;

    main_cf_lines_start(&lines, text, length);
    while (good && main_cf_lines_next(&lines)) {
        if (lines.is_orphan) {
            warn_of_orphan(file, &lines, reader);
            continue;
        }
        char *name;
        char *value;
        struct str copy = { 0 };
        str_set(&copy, str_text(&lines.text));
        const char *problem = main_cf_split(lines.text.data, &name, &value);
        if (problem == NULL) {
            reader->entry(reader->context, name, value, lines.line);
        } else {
            str_clear(why);
            str_printf(why, "%s, line %d: %s: \"%s\"", file, lines.last_line, problem, str_text(&copy));
            good = false;
        }
        str_free(&copy);
    }
    str_free(&lines.text);
    return good;
}

static bool read_all(int fd, struct str *text)
{
    ssize_t got;

    do {
        str_reserve(text, 16384);
        got = read(fd, text->data + text->length, 16384);
        if (got > 0)
            text->length += (size_t)got;
    } while (got > 0 || (got < 0 && errno == EINTR));
    str_reserve(text, 1);
    text->data[text->length] = '\0';
    return got == 0;
}

bool main_cf_load(const char *file, struct str *text, struct str *why)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);

    str_clear(text);
    str_clear(why);
    if (fd < 0) {
        str_printf(why, "open %s: %s", file, strerror(errno));
        return false;
    }
    bool good = read_all(fd, text);
    if (!good)
        str_printf(why, "read %s: %s", file, strerror(errno));
    (void)close(fd); /* only read from */
    return good;
}

bool main_cf_read_file(const char *file, const struct main_cf_reader *reader, struct str *why)
{
    struct str text = { 0 };

    bool good = main_cf_load(file, &text, why)
        && main_cf_read_text(file, str_text(&text), text.length, reader, why);
    str_free(&text);
    return good;
}
