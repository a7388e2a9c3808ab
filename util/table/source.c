#include "util/table/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/base/brace.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"

struct source {
    FILE *file;         /* NULL for inline rules */
    bool borrowed;
    char *name;
    char *rules;        /* "{...}, {...}" of inline rules */
    const char *cursor;
    unsigned read;      /* lines so far */
    unsigned line_number;
    bool failed;
    int error;
    bool has_ahead;     /* one physical line was read too far */
    struct str ahead;
    struct str scratch;
};

static struct source *source_new(FILE *file, const char *name)
{
    struct source *source = memory_new(struct source);

    source->file = file;
    source->name = memory_copy_text(name);
    return source;
}

struct source *source_open(const char *name)
{
    struct stat status;
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0)
        return NULL;
    if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
        (void)close(fd); /* nothing was written */
        errno = EISDIR;
        return NULL;
    }
    FILE *file = fdopen(fd, "r");
    if (file == NULL)
        memory_exhausted();
    return source_new(file, name);
}

struct source *source_from_file(FILE *file, const char *name)
{
    struct source *source = source_new(file, name);

    source->borrowed = true;
    return source;
}

struct source *source_open_rules(const char *type, const char *name, struct str *why)
{
    struct str inner = {0};
    struct str problem = {0};

    str_clear(why);
    if (name[0] != '{') {
        struct source *source = source_open(name);
        if (source == NULL && errno == EISDIR)
            str_printf(why, "%s map %s: read error: %s", type, name, strerror(errno));
        else if (source == NULL)
            str_printf(why, "open %s: %s", name, strerror(errno));
        return source;
    }
    struct source *source = NULL;
    if (brace_content(name, &inner, &problem)) {
        source = source_new(NULL, name);
        source->rules = str_take(&inner);
        source->cursor = source->rules;
        /* Every rule is looked at now, so that bad syntax is found when the table is opened. */
        const char *cursor = source->rules;
        struct str word = {0};
        while (source != NULL && brace_next_word(&cursor, TEXT_LIST_SEPARATORS, &word)) {
            if (!brace_content(str_text(&word), &inner, &problem)) {
                source_close(source);
                source = NULL;
            }
        }
        str_free(&word);
    }
    if (source == NULL)
        str_printf(why, "%s map: %s", type, str_text(&problem));
    str_free(&inner);
    str_free(&problem);
    return source;
}

void source_close(struct source *source)
{
    if (source == NULL)
        return;
    if (source->file != NULL && !source->borrowed)
        (void)fclose(source->file); /* only read from */
    free(source->name);
    free(source->rules);
    str_free(&source->ahead);
    str_free(&source->scratch);
    free(source);
}

bool source_stat(const struct source *source, struct stat *status)
{
    return source->file != NULL && fstat(fileno(source->file), status) == 0;
}

static bool read_rule(struct source *source, struct str *line)
{
    struct str word = {0};

    bool found;
    do {
        str_clear(line);
        found = brace_next_word(&source->cursor, TEXT_LIST_SEPARATORS, &word);
        if (found)
            (void)brace_content(str_text(&word), line, &source->scratch); /* was checked when it was opened */
        source->line_number = ++source->read;
    } while (found && line->length == 0);
    str_free(&word);
    return found;
}

/* One physical line without its newline, into source->ahead. */
static bool read_physical(struct source *source)
{
    char *bytes = NULL;
    size_t room = 0;

    if (source->has_ahead)
        return true;
    errno = 0;
    ssize_t length = getline(&bytes, &room, source->file);
    if (length < 0) {
        free(bytes);
        if (ferror(source->file)) {
            source->failed = true;
            source->error = errno;
        }
        return false;
    }
    if (length > 0 && bytes[length - 1] == '\n')
        length--;
    str_clear(&source->ahead);
    str_put_bytes(&source->ahead, bytes, (size_t)length);
    free(bytes);
    source->read++;
    source->has_ahead = true;
    return true;
}

static bool is_blank_or_comment(const struct str *line)
{
    for (size_t i = 0; i < line->length; i++) {
        if (!text_is_space(line->data[i]))
            return line->data[i] == '#';
    }
    return true;
}

static bool starts_with_space(const struct str *line)
{
    return line->length > 0 && text_is_space(line->data[0]);
}

static void complain_of_continuation(const struct source *source, const struct str *line)
{
    enum { SHOWN = 30 };
    const char *text = str_text(line);

    log_warning("%s: logical line must not start with whitespace: \"%.*s%s\"", source->name, SHOWN, text,
        strlen(text) > SHOWN ? "..." : "");
}

/* Finds the line that begins the next entry. */
static bool read_beginning(struct source *source)
{
    while (read_physical(source)) {
        source->has_ahead = false;
        if (is_blank_or_comment(&source->ahead))
            continue;
        if (!starts_with_space(&source->ahead))
            return true;
        complain_of_continuation(source, &source->ahead);
    }
    return false;
}

bool source_next(struct source *source, struct str *line)
{
    str_clear(line);
    if (source->file == NULL)
        return read_rule(source, line);
    if (!read_beginning(source))
        return false;
    source->line_number = source->read;
    str_put_bytes(line, source->ahead.data, source->ahead.length);
    while (read_physical(source)) {
        bool blank = is_blank_or_comment(&source->ahead);
        if (!blank && !starts_with_space(&source->ahead))
            break;
        if (!blank)
            str_put_bytes(line, source->ahead.data, source->ahead.length);
        source->has_ahead = false;
    }
    while (line->length > 0 && text_is_space(line->data[line->length - 1]))
        str_truncate(line, line->length - 1);
    return true;
}

unsigned source_line_number(const struct source *source)
{
    return source->line_number;
}

bool source_is_good(const struct source *source)
{
    errno = source->error;
    return !source->failed;
}

bool source_split(const char *name, unsigned line_number, const char *line, size_t *key_length, const char **value)
{
    bool quoted = false;
    size_t at = 0;

    for (; line[at] != '\0' && (quoted || !text_is_space(line[at])); at++) {
        if (line[at] == '\\' && line[at + 1] != '\0')
            at++;
        else if (line[at] == '"')
            quoted = !quoted;
    }
    *key_length = at;
    *value = line + at;
    if (quoted) {
        log_warning("%s, line %u: unbalanced '\"' in '%s' -- ignoring this line", name, line_number, line);
        return false;
    }
    while (text_is_space(**value))
        (*value)++;
    if (**value == '\0')
        *key_length = 0;
    return true;
}
