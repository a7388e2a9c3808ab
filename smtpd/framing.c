#include "smtpd/framing.h"

#include <string.h>

#include "util/base/clock.h"

/* One line (or piece of a line that fills the buffer) to the sink. */
static void put(struct framing *framing, const char *bytes, size_t length, bool line_end)
{
    framing->size_bytes += length + (line_end ? 2 : 0);
    framing->line_bytes = line_end ? 0 : framing->line_bytes + length;
    framing->in_line = !line_end;
    framing->sink(framing->context, bytes, length, line_end);
}

/* What some programs make of a line that had its CR already: "text CR CR LF". It ends a line, but never the content. */
static size_t without_crs(const char *line, size_t length)
{
    while (length > 0 && line[length - 1] == '\r')
        length--;
    return length;
}

/* A slow sender gets time by what it sends. */
static enum stream_status fill(struct framing *framing, struct stream *stream)
{
    size_t before;
    size_t after;

    (void)stream_peek(stream, &before);
    enum stream_status status = stream_fill(stream);
    if (status != STREAM_OK)
        return status;
    (void)stream_peek(stream, &after);
    if (framing->min_data_rate > 0) {
        int64_t limit = clock_deadline_s(framing->max_deadline_s);
        framing->deadline_ms += (int64_t)(after - before) * 1000 / framing->min_data_rate;
        if (framing->deadline_ms > limit)
            framing->deadline_ms = limit;
        stream_set_deadline(stream, framing->deadline_ms);
    }
    return STREAM_OK;
}

/* Whether the line (without LF) is the final dot. had_crlf: this and the previous line ended in CR LF. */
static bool is_end(const struct framing *framing, const char *line, size_t length, bool had_crlf)
{
    return length == 1 && line[0] == '.' && (had_crlf || framing->newline == FRAMING_BARE_LF_IS_CRLF);
}

enum stream_status framing_read_data(struct framing *framing, struct stream *stream)
{
    bool after_crlf = true; /* the command line ended in one */
    bool line_start = true;

    for (;;) {
        size_t length;
        const char *bytes = stream_peek(stream, &length);
        const char *lf = memchr(bytes, '\n', length);

        if (lf == NULL && length < STREAM_BUFFER_BYTES) {
            enum stream_status status = fill(framing, stream);
            if (status != STREAM_OK)
                return status;
            continue;
        }
        /* A line longer than the buffer goes on in pieces; the last byte waits, as it may be the CR of the line end. */
        size_t line = lf == NULL ? length - 1 : (size_t)(lf - bytes);
        size_t used = lf == NULL ? line : line + 1;
        bool has_cr = lf != NULL && line > 0 && lf[-1] == '\r';
        if (has_cr)
            line--;
        if (lf != NULL && !has_cr)
            framing->saw_bare_lf = true;
        if (lf != NULL && line_start && is_end(framing, bytes, line, has_cr && after_crlf)) {
            stream_consume(stream, used);
            return STREAM_OK;
        }
        /* A lone dot that doesn't count as the end is a line of one dot stuffed. */
        size_t dot = line_start && line > 0 && bytes[0] == '.';
        if (has_cr)
            line = dot + without_crs(bytes + dot, line - dot);
        put(framing, bytes + dot, line - dot, lf != NULL);
        line_start = lf != NULL;
        after_crlf = has_cr;
        stream_consume(stream, used);
    }
}

/* The part of a chunk that is in the buffer. */
static void put_chunk(struct framing *framing, const char *bytes, size_t length)
{
    bool after_cr = framing->held_cr; /* true for the first line end only */

    if (framing->held_cr && length > 0) {
        framing->held_cr = false;
        if (bytes[0] != '\n')
            put(framing, "\r", 1, false);
    }
    while (length > 0) {
        const char *lf = memchr(bytes, '\n', length);
        size_t line = lf == NULL ? length : (size_t)(lf - bytes);
        size_t used = lf == NULL ? line : line + 1;
        bool has_cr = line > 0 && bytes[line - 1] == '\r';
        if (has_cr)
            line--;
        if (lf != NULL && has_cr)
            line = without_crs(bytes, line);
        if (lf == NULL)
            framing->held_cr = has_cr;
        else if (!has_cr && !(line == 0 && after_cr))
            framing->saw_bare_lf = true;
        after_cr = false;
        if (line > 0 || lf != NULL)
            put(framing, bytes, line, lf != NULL);
        bytes += used;
        length -= used;
    }
}

enum stream_status framing_read_chunk(struct framing *framing, struct stream *stream, uint64_t length)
{
    while (length > 0) {
        size_t have;
        const char *bytes = stream_peek(stream, &have);
        if (have == 0) {
            enum stream_status status = fill(framing, stream);
            if (status != STREAM_OK)
                return status;
            continue;
        }
        size_t take = have < length ? have : (size_t)length;
        put_chunk(framing, bytes, take);
        stream_consume(stream, take);
        length -= take;
    }
    return STREAM_OK;
}

void framing_end_chunks(struct framing *framing)
{
    if (framing->held_cr) {
        framing->held_cr = false;
        put(framing, "\r", 1, false);
    }
    if (framing->in_line)
        put(framing, "", 0, true);
}
