#include "util/tool/message_keys.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "util/base/str.h"
#include "util/mail/header.h"
#include "util/mail/mime.h"

enum { NESTING_LIMIT = 100, BOUNDARY_LIMIT = 2048 };

struct reading {
    const struct message_keys *keys;
    struct mime *mime;
    bool in_header;
    bool primary;      /* that header is the message's own */
    struct str field;  /* lines of the present field, joined by newlines */
};

static void give_header(const struct reading *reading, const char *key)
{
    if (reading->keys->headers)
        reading->keys->each(reading->keys->context, key);
}

static void give_body(const struct reading *reading, const char *key)
{
    if (reading->keys->body)
        reading->keys->each(reading->keys->context, key);
}

/* The field is complete: "Name : value" is shown as "Name: value". */
static void end_field(struct reading *reading)
{
    size_t value = 0;
    size_t name = header_name_length(str_text(&reading->field), reading->field.length, &value);

    if (reading->field.length == 0)
        return;
    struct str key = {0};
    str_put_bytes(&key, reading->field.data, name);
    str_put_char(&key, ':');
    str_put(&key, reading->field.data + value);
    give_header(reading, str_text(&key));
    str_free(&key);
    enum header_id id = header_kind_find(reading->field.data, name)->id;
    if (id == HEADER_CONTENT_TYPE)
        mime_set_type(reading->mime, reading->field.data + value);
    else if (id == HEADER_CONTENT_TRANSFER_ENCODING)
        mime_set_encoding(reading->mime, reading->field.data + value);
    str_clear(&reading->field);
}

static void follow(struct reading *reading, enum mime_next next)
{
    if (reading->keys->mime && next != MIME_BODY)
        reading->in_header = true;
}

static void end_header(struct reading *reading, bool with_empty_line)
{
    end_field(reading);
    reading->in_header = false;
    if (with_empty_line || reading->primary)
        give_body(reading, "");
    reading->primary = false;
    follow(reading, mime_end_header(reading->mime, with_empty_line));
}

static void take_body_line(struct reading *reading, const char *line, size_t length)
{
    bool boundary = false;

    give_body(reading, line);
    follow(reading, mime_take_line(reading->mime, line, length, &boundary));
}

static void take_line(struct reading *reading, const char *line, size_t length)
{
    size_t value;

    if (!reading->in_header) {
        take_body_line(reading, line, length);
        return;
    }
    if (length == 0) {
        end_header(reading, true);
    } else if ((line[0] == ' ' || line[0] == '\t') && reading->field.length > 0) {
        str_put_char(&reading->field, '\n');
        str_put_bytes(&reading->field, line, length);
    } else if (header_name_length(line, length, &value) > 0) {
        end_field(reading);
        str_put_bytes(&reading->field, line, length);
    } else {
        end_header(reading, false);
        take_body_line(reading, line, length);
    }
}

void message_keys_read(const struct message_keys *keys, FILE *file)
{
    struct arena *arena = arena_new();
    struct reading reading = { .keys = keys, .in_header = true, .primary = true };
    char *line = NULL;
    size_t room = 0;
    ssize_t length;

    reading.mime = mime_new(arena, NESTING_LIMIT, BOUNDARY_LIMIT);
    while ((length = getline(&line, &room, file)) >= 0) {
        if (length > 0 && line[length - 1] == '\n')
            line[--length] = '\0';
        take_line(&reading, line, (size_t)length);
    }
    end_field(&reading);
    free(line);
    str_free(&reading.field);
    arena_free(arena);
}
