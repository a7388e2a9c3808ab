#include "qmgr/client/drop_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "util/io/fd.h"

enum { TEXT_BLOCK_BYTES = 32768, BLOCK_BYTES_MAX = 1 << 24, BLOCK_HEADER_BYTES = 5 };

static const char magic[4] = "PHS1";

static void block_header(unsigned char header[BLOCK_HEADER_BYTES], char type, size_t length)
{
    header[0] = (unsigned char)type;
    for (size_t i = 0; i < 4; i++)
        header[1 + i] = (unsigned char)(length >> (8 * i) & 0xFF);
}

static bool write_block(int fd, char type, const void *bytes, size_t length)
{
    unsigned char header[BLOCK_HEADER_BYTES];

    block_header(header, type, length);
    return fd_write_all(fd, header, sizeof(header)) && fd_write_all(fd, bytes, length);
}

void drop_file_begin(struct drop_writer *writer, int fd, const struct envelope *envelope)
{
    struct str records = {0};

    *writer = (struct drop_writer){ .fd = fd };
    envelope_encode(envelope, &records);
    writer->failed = !fd_write_all(fd, magic, sizeof(magic))
        || !write_block(fd, 'E', str_text(&records), records.length);
    str_free(&records);
}

static void flush_text(struct drop_writer *writer)
{
    if (writer->text.length > 0 && !writer->failed)
        writer->failed = !write_block(writer->fd, 'T', writer->text.data, writer->text.length);
    str_clear(&writer->text);
}

void drop_file_text(struct drop_writer *writer, const void *bytes, size_t length)
{
    if (writer->text.length + length > TEXT_BLOCK_BYTES)
        flush_text(writer);
    if (length > TEXT_BLOCK_BYTES)
        writer->failed = writer->failed || !write_block(writer->fd, 'T', bytes, length);
    else
        str_put_bytes(&writer->text, bytes, length);
}

bool drop_file_end(struct drop_writer *writer)
{
    flush_text(writer);
    str_free(&writer->text);
    return !writer->failed && write_block(writer->fd, 'Z', "", 0);
}

bool drop_file_copy_text(int fd, const char *text, size_t length)
{
    return write_block(fd, 'T', text, length);
}

bool drop_file_copy_end(int fd)
{
    return write_block(fd, 'Z', "", 0);
}

static bool read_exactly(int fd, void *bytes, size_t length)
{
    char *to = bytes;

    while (length > 0) {
        ssize_t count = read(fd, to, length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        to += count;
        length -= (size_t)count;
    }
    return true;
}

/* Reads one block into reader->block; its type, or 0. */
static char read_block(struct drop_reader *reader)
{
    unsigned char header[BLOCK_HEADER_BYTES];
    size_t length = 0;

    if (!read_exactly(reader->fd, header, sizeof(header)))
        return 0;
    for (size_t i = 0; i < 4; i++)
        length |= (size_t)header[1 + i] << (8 * i);
    if (length > BLOCK_BYTES_MAX)
        return 0;
    str_clear(&reader->block);
    /* Not reserved at once: a peer that only claims a large block must not cost us its memory. */
    while (reader->block.length < length) {
        char piece[TEXT_BLOCK_BYTES];
        size_t left = length - reader->block.length;
        size_t want = left < sizeof(piece) ? left : sizeof(piece);
        if (!read_exactly(reader->fd, piece, want))
            return 0;
        str_put_bytes(&reader->block, piece, want);
    }
    return (char)header[0];
}

bool drop_file_open(struct drop_reader *reader, int fd, struct arena *arena, struct envelope *envelope, struct str *raw,
    const char **why)
{
    char start[sizeof(magic)];
    unsigned char header[BLOCK_HEADER_BYTES];

    *reader = (struct drop_reader){ .fd = fd };
    *why = "not a message from sendmail";
    if (!read_exactly(fd, start, sizeof(start)) || memcmp(start, magic, sizeof(magic)) != 0)
        return false;
    *why = "envelope missing";
    if (read_block(reader) != 'E')
        return false;
    if (raw != NULL) {
        str_put_bytes(raw, magic, sizeof(magic));
        block_header(header, 'E', reader->block.length);
        str_put_bytes(raw, header, sizeof(header));
        str_put_bytes(raw, str_text(&reader->block), reader->block.length);
    }
    return envelope_decode(str_text(&reader->block), reader->block.length, 0, arena, envelope, why);
}

enum drop_result drop_file_next(struct drop_reader *reader, const char **text, size_t *length)
{
    char type = read_block(reader);

    *text = str_text(&reader->block);
    *length = reader->block.length;
    if (type == 'T')
        return DROP_TEXT;
    return type == 'Z' && *length == 0 ? DROP_END : DROP_BAD;
}

void drop_file_close(struct drop_reader *reader)
{
    str_free(&reader->block);
}
