#include "qmgr/intake/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "util/base/memory.h"
#include "util/io/fd.h"

enum { LONG_LINE_BYTES = 998 }; /* RFC 5321 section 4.5.3.1.6, without CRLF */

void writer_start(struct writer *writer, int fd)
{
    char *buffer = writer->buffer;

    if (buffer == NULL)
        buffer = memory_resize(NULL, WRITER_BUFFER_BYTES, 1);
    *writer = (struct writer){ .fd = fd, .buffer = buffer, .flushed_to = MESSAGE_FILE_HEADER_BYTES };
}

void writer_release(struct writer *writer)
{
    free(writer->buffer);
    writer->buffer = NULL;
}

static void leave_behind(struct writer *writer)
{
    writer->checksum = (uint32_t)crc32(writer->checksum, (const Bytef *)writer->buffer, (uInt)writer->used);
    writer->flushed_to += writer->used;
    writer->used = 0;
}

static void flush(struct writer *writer)
{
    if (writer->error == 0 && writer->used > 0
        && !fd_pwrite_all(writer->fd, writer->buffer, writer->used, (off_t)writer->flushed_to))
        writer->error = errno == 0 ? EIO : errno;
    leave_behind(writer);
}

void writer_put_raw(struct writer *writer, const char *bytes, size_t length)
{
    while (length > 0) {
        if (writer->used == WRITER_BUFFER_BYTES)
            flush(writer);
        size_t room = WRITER_BUFFER_BYTES - writer->used;
        size_t now = length < room ? length : room;
        memcpy(writer->buffer + writer->used, bytes, now);
        writer->used += now;
        bytes += now;
        length -= now;
    }
}

/* Ors all bytes together, eight at a time. */
static unsigned char fold_bytes(const char *bytes, size_t length)
{
    uint64_t all = 0;
    uint64_t eight;
    size_t i = 0;

    for (; i + 8 <= length; i += 8) {
        memcpy(&eight, bytes + i, 8);
        all |= eight;
    }
    unsigned char rest = 0;
    for (; i < length; i++)
        rest |= (unsigned char)bytes[i];
    return rest | ((all & UINT64_C(0x8080808080808080)) != 0 ? 0x80 : 0);
}

void writer_put(struct writer *writer, const char *bytes, size_t length, bool line_end)
{
    if (!writer->line_is_open && length > 0 && bytes[0] == '.')
        writer_put_raw(writer, ".", 1);
    if (length > 0) {
        writer_put_raw(writer, bytes, length);
        writer->seen |= fold_bytes(bytes, length);
        writer->line_length += length;
        writer->text_bytes += length;
        writer->line_is_open = true;
    }
    if (line_end) {
        writer_put_raw(writer, "\r\n", 2);
        writer->long_lines |= writer->line_length > LONG_LINE_BYTES;
        writer->line_length = 0;
        writer->line_is_open = false;
        writer->text_bytes++;
        writer->lines++;
    }
}

void writer_put_lines(struct writer *writer, const char *bytes, size_t length)
{
    const char *end = bytes + length;

    while (bytes < end) {
        const char *lf = memchr(bytes, '\n', (size_t)(end - bytes));
        const char *line_end = lf == NULL ? end : lf;
        writer_put(writer, bytes, (size_t)(line_end - bytes), true);
        bytes = line_end + 1;
    }
}

bool writer_read(struct writer *writer, uint64_t offset, char *bytes, size_t length)
{
    if (offset + length > writer->flushed_to && offset < writer->flushed_to)
        flush(writer); /* it lies in both */
    if (offset >= writer->flushed_to && offset - writer->flushed_to + length <= writer->used) {
        memcpy(bytes, writer->buffer + (offset - writer->flushed_to), length);
        return true;
    }
    if (writer->error == 0 && fd_pread_all(writer->fd, bytes, length, (off_t)offset) != (ssize_t)length)
        writer->error = errno == 0 ? EIO : errno;
    return writer->error == 0;
}

uint64_t writer_offset(const struct writer *writer)
{
    return writer->flushed_to + writer->used;
}

bool writer_finish(struct writer *writer, struct message_file *file)
{
    if (writer->line_is_open)
        writer_put(writer, "", 0, true);
    size_t kept = writer->flushed_to == MESSAGE_FILE_HEADER_BYTES ? writer->used : 0; /* a small message goes out with its header */
    if (kept == 0)
        flush(writer);
    else
        leave_behind(writer);
    file->written_length = writer_offset(writer) - MESSAGE_FILE_HEADER_BYTES;
    file->written_checksum = writer->checksum;
    file->complete = true;
    bool written = writer->error != 0 ? false : kept > 0 ? message_file_write_start(writer->fd, file, writer->buffer, kept)
        : message_file_write_header(writer->fd, file);
    if (!written && writer->error == 0)
        writer->error = errno == 0 ? EIO : errno;
    return written;
}
