#include "qmgr/client/message_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zlib.h>

#include "util/base/memory.h"
#include "util/io/fd.h"

static const char magic[4] = "PHQF";

enum { FLAG_COMPLETE = 1, FLAG_HAS_BODY = 2, FLAG_DELAY_WARNED = 4, ENVELOPE_BYTES_MAX = 1 << 30 };

/* Where things stand in the header; numbers are little endian. */
enum {
    AT_MAGIC = 0,
    AT_VERSION = 4,
    AT_CHECKSUM = 8, /* CRC-32 of all bytes behind it */
    AT_FLAGS = 12,
    AT_HEAD = 16,
    AT_BODY = 32,
    AT_ENVELOPE = 48,
    AT_RETRY = 64,
    AT_ATTEMPTS = 80,
    AT_NEXT_ATTEMPT = 88,
    AT_WRITTEN_LENGTH = 96,
    AT_WRITTEN_CHECKSUM = 104,
    AT_QUEUE_ID = 108, /* MESSAGE_FILE_ID_BYTES */
};

static void put(unsigned char *block, size_t at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        block[at + i] = (unsigned char)(value >> (8 * i) & 0xFF);
}

static uint64_t get(const unsigned char *block, size_t at, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)block[at + i] << (8 * i);
    return value;
}

static void put_extent(unsigned char *block, size_t at, struct message_extent extent)
{
    put(block, at, extent.offset, 8);
    put(block, at + 8, extent.length, 8);
}

static struct message_extent get_extent(const unsigned char *block, size_t at)
{
    return (struct message_extent){ get(block, at, 8), get(block, at + 8, 8) };
}

static uint32_t checksum(const unsigned char *block)
{
    size_t start = AT_CHECKSUM + 4;

    return (uint32_t)crc32(0, block + start, MESSAGE_FILE_HEADER_BYTES - (unsigned)start);
}

static void make_header(unsigned char *block, const struct message_file *file)
{
    memset(block, 0, MESSAGE_FILE_HEADER_BYTES);
    memcpy(block + AT_MAGIC, magic, sizeof(magic));
    put(block, AT_VERSION, MESSAGE_FILE_VERSION, 4);
    put(block, AT_FLAGS,
        (file->complete ? FLAG_COMPLETE : 0u) | (file->has_body ? FLAG_HAS_BODY : 0u)
            | (file->delay_warned ? FLAG_DELAY_WARNED : 0u), 4);
    put_extent(block, AT_HEAD, file->head);
    put_extent(block, AT_BODY, file->body);
    put_extent(block, AT_ENVELOPE, file->envelope);
    put_extent(block, AT_RETRY, file->retry);
    put(block, AT_ATTEMPTS, file->attempts, 4);
    put(block, AT_NEXT_ATTEMPT, (uint64_t)file->next_attempt_s, 8);
    put(block, AT_WRITTEN_LENGTH, file->written_length, 8);
    put(block, AT_WRITTEN_CHECKSUM, file->written_checksum, 4);
    memcpy(block + AT_QUEUE_ID, file->queue_id, sizeof(file->queue_id));
    put(block, AT_CHECKSUM, checksum(block), 4);
}

bool message_file_write_header(int fd, const struct message_file *file)
{
    unsigned char block[MESSAGE_FILE_HEADER_BYTES];

    make_header(block, file);
    return fd_pwrite_all(fd, block, sizeof(block), 0);
}

bool message_file_write_start(int fd, const struct message_file *file, const char *bytes, size_t length)
{
    unsigned char block[MESSAGE_FILE_HEADER_BYTES];
    struct iovec parts[2] = { { block, sizeof(block) }, { (void *)(uintptr_t)bytes, length } };

    make_header(block, file);
    if (pwritev(fd, parts, 2, 0) == (ssize_t)(sizeof(block) + length))
        return true;
    return fd_pwrite_all(fd, bytes, length, sizeof(block)) && fd_pwrite_all(fd, block, sizeof(block), 0);
}

static bool extent_fits(struct message_extent extent, uint64_t size)
{
    uint64_t end;

    return extent.offset >= MESSAGE_FILE_HEADER_BYTES
        && !__builtin_add_overflow(extent.offset, extent.length, &end) && end <= size;
}

bool message_file_read_header(int fd, struct message_file *file, const char **why)
{
    unsigned char block[MESSAGE_FILE_HEADER_BYTES];
    struct stat status;

    *why = "can't be read";
    if (fstat(fd, &status) != 0)
        return false;
    ssize_t count = fd_pread_all(fd, block, sizeof(block), 0);
    if (count < 0)
        return false;
    *why = "is shorter than a queue file header";
    if ((size_t)count < sizeof(block))
        return false;
    *why = "is not a Posthaste queue file";
    if (memcmp(block + AT_MAGIC, magic, sizeof(magic)) != 0 || get(block, AT_VERSION, 4) != MESSAGE_FILE_VERSION)
        return false;
    *why = "has a damaged header";
    if (get(block, AT_CHECKSUM, 4) != checksum(block))
        return false;
    uint64_t flags = get(block, AT_FLAGS, 4);
    *file = (struct message_file){
        .complete = flags & FLAG_COMPLETE,
        .has_body = flags & FLAG_HAS_BODY,
        .delay_warned = flags & FLAG_DELAY_WARNED,
        .head = get_extent(block, AT_HEAD),
        .body = get_extent(block, AT_BODY),
        .envelope = get_extent(block, AT_ENVELOPE),
        .retry = get_extent(block, AT_RETRY),
        .attempts = (uint32_t)get(block, AT_ATTEMPTS, 4),
        .next_attempt_s = (int64_t)get(block, AT_NEXT_ATTEMPT, 8),
        .written_length = get(block, AT_WRITTEN_LENGTH, 8),
        .written_checksum = (uint32_t)get(block, AT_WRITTEN_CHECKSUM, 4),
    };
    memcpy(file->queue_id, block + AT_QUEUE_ID, sizeof(file->queue_id) - 1);
    *why = "is incomplete";
    if (!file->complete)
        return false;
    *why = "is shorter than its header says";
    uint64_t size = (uint64_t)status.st_size;
    return extent_fits(file->head, size) && extent_fits(file->body, size) && extent_fits(file->envelope, size)
        && (file->retry.offset == 0 || extent_fits(file->retry, size));
}

bool message_file_is_whole(int fd, const struct message_file *file)
{
    unsigned char block[16384];
    uLong sum = crc32(0, NULL, 0);

    for (uint64_t at = 0; at < file->written_length;) {
        uint64_t left = file->written_length - at;
        size_t want = left < sizeof(block) ? (size_t)left : sizeof(block);
        ssize_t count = fd_pread_all(fd, block, want, (off_t)(MESSAGE_FILE_HEADER_BYTES + at));
        if (count < 0 || (size_t)count != want)
            return false;
        sum = crc32(sum, block, (uInt)want);
        at += want;
    }
    return sum == file->written_checksum;
}

bool message_file_read_envelope(int fd, const struct message_file *file, struct arena *arena,
    struct envelope *envelope, const char **why)
{
    *why = "has an envelope beyond any limit";
    if (file->envelope.length > ENVELOPE_BYTES_MAX)
        return false;
    struct str bytes = {0};
    str_reserve(&bytes, file->envelope.length);
    ssize_t count = fd_pread_all(fd, bytes.data, file->envelope.length, (off_t)file->envelope.offset);
    *why = "can't be read";
    bool good = count >= 0 && (uint64_t)count == file->envelope.length
        && envelope_decode(bytes.data, (size_t)count, file->envelope.offset, arena, envelope, why);
    str_free(&bytes);
    return good;
}

bool message_file_mark_done(int fd, const struct recipient *recipient)
{
    static const char done = 1;

    return fd_pwrite_all(fd, &done, 1, (off_t)recipient->offset);
}

/* --- reading content --- */

void message_reader_start_head(struct message_reader *reader, int fd, const struct message_file *file)
{
    *reader = (struct message_reader){ .fd = fd, .line_start = true };
    reader->parts[0] = file->head;
}

/* The empty line between head and body is not in the file: an extent with offset 0 stands for it. */
void message_reader_start(struct message_reader *reader, int fd, const struct message_file *file)
{
    message_reader_start_head(reader, fd, file);
    if (file->has_body) {
        reader->parts[1] = (struct message_extent){ 0, 2 };
        reader->parts[2] = file->body;
    }
}

/* Head, empty line and the start of the body with one system call, where they lie behind each other and the buffer has room: 0 if
 * not. */
static ssize_t read_parts_at_once(struct message_reader *reader, char *buffer, size_t size)
{
    const struct message_extent *head = &reader->parts[0];
    const struct message_extent *body = &reader->parts[2];

    if (reader->part != 0 || reader->at != 0 || head->length == 0 || body->length == 0
        || body->offset != head->offset + head->length || head->length >= size - 2)
        return 0;
    size_t room = size - 2 - (size_t)head->length;
    size_t want = body->length < room ? (size_t)body->length : room;
    struct iovec parts[2] = { { buffer, (size_t)head->length }, { buffer + head->length + 2, want } };
    if (preadv(reader->fd, parts, 2, (off_t)head->offset) != (ssize_t)(head->length + want))
        return 0;
    memcpy(buffer + head->length, "\r\n", 2);
    reader->part = 2;
    reader->at = want;
    return (ssize_t)(head->length + 2 + want);
}

ssize_t message_reader_wire(struct message_reader *reader, char *buffer, size_t size)
{
    ssize_t at_once = read_parts_at_once(reader, buffer, size);

    if (at_once > 0)
        return at_once;
    while (reader->part < 3 && reader->at == reader->parts[reader->part].length) {
        reader->part++;
        reader->at = 0;
    }
    if (reader->part == 3)
        return 0;
    struct message_extent part = reader->parts[reader->part];
    uint64_t left = part.length - reader->at;
    size_t want = left < size ? (size_t)left : size;
    if (part.offset == 0) {
        memcpy(buffer, &"\r\n"[reader->at], want);
        reader->at += want;
        return (ssize_t)want;
    }
    ssize_t count = fd_pread_all(reader->fd, buffer, want, (off_t)(part.offset + reader->at));
    if (count < 0 || (size_t)count != want) {
        reader->error = count < 0 ? errno : EIO;
        return -1;
    }
    reader->at += want;
    return count;
}

/* Appends one line or piece of a line as local text. */
static void put_text(struct message_reader *reader, struct str *out, const char *bytes, size_t length)
{
    bool ends = length > 0 && bytes[length - 1] == '\n';

    if (reader->line_start && bytes[0] == '.') {
        bytes++;
        length--;
    }
    if (ends) {
        length--;
        if (length > 0 && bytes[length - 1] == '\r')
            length--;
        else if (length == 0 && out->length > 0 && out->data[out->length - 1] == '\r')
            str_truncate(out, out->length - 1);
    }
    str_put_bytes(out, bytes, length);
    if (ends)
        str_put_char(out, '\n');
    reader->line_start = ends;
}

bool message_reader_text(struct message_reader *reader, struct str *out, size_t limit)
{
    char block[16384];
    size_t size = limit < sizeof(block) ? limit : sizeof(block);
    ssize_t count = message_reader_wire(reader, block, size < 2 ? 2 : size);

    if (count <= 0)
        return false;
    /* A CR at the very end may belong to a CRLF that was cut in two: leave it for the next block. */
    if (count > 1 && block[count - 1] == '\r' && reader->parts[reader->part].offset != 0) {
        reader->at--;
        count--;
    }
    for (const char *at = block, *end = block + count; at < end;) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        const char *next = lf == NULL ? end : lf + 1;
        put_text(reader, out, at, (size_t)(next - at));
        at = next;
    }
    return true;
}

void message_lines_start(struct message_lines *lines, int fd, const struct message_file *file)
{
    *lines = (struct message_lines){0};
    message_reader_start(&lines->reader, fd, file);
}

bool message_lines_next(struct message_lines *lines, const char **line, size_t *length, size_t limit, bool *whole)
{
    for (;;) {
        const char *start = str_text(&lines->buffer) + lines->at;
        size_t have = lines->buffer.length - lines->at;
        const char *lf = have == 0 ? NULL : memchr(start, '\n', have);
        if (lf != NULL || have >= limit) {
            *line = start;
            *whole = lf != NULL && (size_t)(lf - start) <= limit;
            *length = *whole ? (size_t)(lf - start) : limit;
            lines->at += *length + (*whole ? 1 : 0);
            return true;
        }
        if (lines->at > 0) {
            memmove(lines->buffer.data, start, have);
            str_truncate(&lines->buffer, have);
            lines->at = 0;
        }
        if (message_reader_text(&lines->reader, &lines->buffer, 16384))
            continue;
        if (have == 0 || lines->reader.error != 0)
            return false;
        str_put_char(&lines->buffer, '\n'); /* a last line that was never ended */
    }
}

void message_lines_stop(struct message_lines *lines)
{
    str_free(&lines->buffer);
}
