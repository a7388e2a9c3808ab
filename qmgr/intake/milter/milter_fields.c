#include "qmgr/intake/milter/milter_fields.h"

#include <string.h>
#include <strings.h>

#include "util/mail/header.h"

static struct milter_field make(struct milter_fields *fields, const char *text)
{
    struct milter_field field = { .text = arena_copy_text(fields->arena, text) };

    field.name_length = header_name_length(field.text, strlen(field.text), &field.value);
    return field;
}

static void reserve(struct milter_fields *fields)
{
    if (fields->count < fields->capacity)
        return;
    size_t capacity = fields->capacity == 0 ? 32 : fields->capacity * 2;
    struct milter_field *items = arena_allocate(fields->arena, capacity * sizeof(*items));
    if (fields->count > 0)
        memcpy(items, fields->items, fields->count * sizeof(*items));
    fields->items = items;
    fields->capacity = capacity;
}

void milter_fields_insert(struct milter_fields *fields, size_t index, const char *text)
{
    size_t at = index < fields->count ? index : fields->count;

    reserve(fields);
    memmove(fields->items + at + 1, fields->items + at, (fields->count - at) * sizeof(*fields->items));
    fields->items[at] = make(fields, text);
    fields->count++;
}

void milter_fields_add(struct milter_fields *fields, const char *text)
{
    milter_fields_insert(fields, fields->count, text);
}

static void mark_own(struct milter_fields *fields, const char *queue_id)
{
    static const char name[] = "Received";

    for (size_t i = 0; i < fields->count; i++) {
        struct milter_field *field = &fields->items[i];
        if (field->name_length == sizeof(name) - 1 && strncasecmp(field->text, name, sizeof(name) - 1) == 0
            && strstr(field->text + field->value, queue_id) != NULL) {
            field->is_own = true;
            return;
        }
    }
}

void milter_fields_parse(struct milter_fields *fields, const char *block, size_t length, const char *queue_id)
{
    const char *end = block + length;
    struct str field = {0};

    while (block < end) {
        const char *lf = memchr(block, '\n', (size_t)(end - block));
        const char *next = lf == NULL ? end : lf + 1;
        const char *line_end = lf != NULL && lf > block && lf[-1] == '\r' ? lf - 1 : lf == NULL ? end : lf;
        if (block[0] == '.')
            block++;
        if (field.length > 0 && (block[0] == ' ' || block[0] == '\t')) {
            str_put_char(&field, '\n');
        } else if (field.length > 0) {
            milter_fields_add(fields, str_text(&field));
            str_clear(&field);
        }
        str_put_bytes(&field, block, line_end > block ? (size_t)(line_end - block) : 0);
        block = next;
    }
    if (field.length > 0)
        milter_fields_add(fields, str_text(&field));
    str_free(&field);
    mark_own(fields, queue_id);
}

bool milter_fields_format(const char *name, const char *value, bool keeps_blank, struct str *text)
{
    size_t name_length = strlen(name);
    size_t value_length = strlen(value);
    size_t at;

    str_clear(text);
    str_put(text, name);
    str_put_char(text, ':');
    if (name_length == 0 || header_name_length(text->data, text->length, &at) != name_length)
        return false;
    if (!keeps_blank)
        str_put_char(text, ' ');
    while (value_length > 0 && (value[value_length - 1] == '\n' || value[value_length - 1] == '\r'))
        value_length--;
    for (size_t i = 0; i < value_length; i++) {
        if (value[i] != '\r')
            str_put_char(text, value[i]);
        else if (value[i + 1] != '\n')
            str_put_char(text, ' ');
        if (value[i] == '\n' && value[i + 1] != ' ' && value[i + 1] != '\t')
            str_put_char(text, '\t');
    }
    return true;
}

size_t milter_fields_find(const struct milter_fields *fields, const char *name, size_t index)
{
    size_t name_length = strlen(name);

    for (size_t i = 0; i < fields->count; i++) {
        const struct milter_field *field = &fields->items[i];
        if (!field->is_own && field->name_length == name_length && strncasecmp(field->text, name, name_length) == 0 && index-- <= 1)
            return i;
    }
    return fields->count;
}

void milter_fields_replace(struct milter_fields *fields, size_t at, const char *text)
{
    if (text != NULL) {
        fields->items[at] = make(fields, text);
        return;
    }
    fields->count--;
    memmove(fields->items + at, fields->items + at + 1, (fields->count - at) * sizeof(*fields->items));
}
