#include "smtpd/from_header.h"

#include <string.h>

#include "util/mail/header.h"

enum { NAME_BYTES = 1024 }; /* a line whose name isn't over by then is no field that anybody reads */

static void keep(struct from_header *header, const char *bytes, size_t length)
{
    if (header->value.length + length > header->limit) {
        header->is_cut = true;
        length = header->limit > header->value.length ? header->limit - header->value.length : 0;
    }
    str_put_bytes(&header->value, bytes, length);
}

/* The line's start is complete: what is it? What was collected of it belongs to its value, if it is From. */
static void begin_line(struct from_header *header)
{
    const char *text = str_text(&header->line);
    size_t value;

    if (header->line.length > 0 && (text[0] == ' ' || text[0] == '\t') && header->has_field) {
        if (header->in_from) {
            keep(header, "\n", 1);
            keep(header, text, header->line.length);
        }
        return;
    }
    size_t name = header_name_length(text, header->line.length, &value);
    /* The line with which a mailbox file separates messages is passed over in front of the header, so fields follow. */
    bool is_separator = !header->has_field && header->line.length >= 5
                        && (memcmp(text, "From ", 5) == 0
                            || (header->line.length >= 6 && memcmp(text, ">From ", 6) == 0));
    header->in_from = false;
    if (name == 0) {
        header->has_ended = !is_separator;
        return;
    }
    header->has_field = true;
    header->in_from = header_kind_find(text, name)->id == HEADER_FROM;
    if (!header->in_from)
        return;
    if (header->fields++ > 0)
        keep(header, ",", 1);
    keep(header, text + value, header->line.length - value);
}

void from_header_take(struct from_header *header, const char *bytes, size_t length, bool line_end)
{
    if (header->has_ended)
        return;
    if (!header->in_line) {
        size_t room = NAME_BYTES - header->line.length;
        size_t part = length < room ? length : room;
        str_put_bytes(&header->line, bytes, part);
        bytes += part;
        length -= part;
        if (!line_end && header->line.length < NAME_BYTES)
            return;
        begin_line(header);
        header->in_line = true;
    }
    if (header->in_from && length > 0)
        keep(header, bytes, length);
    if (line_end) {
        header->in_line = false;
        str_clear(&header->line);
    }
}

void from_header_reset(struct from_header *header)
{
    str_free(&header->value);
    str_free(&header->line);
    *header = (struct from_header){ .limit = header->limit };
}
