#include "qmgr/file/retry.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "util/base/str.h"
#include "util/io/fd.h"

/* The block: u32 CRC-32 of what follows, u32 number of reasons; a reason: u32 index, u64 time, five texts (u32
 * length, bytes), and a sixth where the index has IS_MEMBER. Numbers are little endian. */
enum { BLOCK_BYTES_MAX = 256 << 20, REASON_BYTES_MIN = 32, TEXT_BYTES_MAX = 1 << 16 };
static const uint32_t IS_MEMBER = UINT32_C(1) << 31;

static void put_number(struct str *out, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        str_put_char(out, (char)(value >> (8 * i) & 0xFF));
}

static void put_text(struct str *out, const char *text)
{
    size_t length = text == NULL ? 0 : strnlen(text, TEXT_BYTES_MAX);

    put_number(out, length, 4);
    str_put_bytes(out, text, length);
}

static void encode(const struct retry *retry, struct str *out)
{
    put_number(out, 0, 4);
    put_number(out, retry->count, 4);
    for (size_t i = 0; i < retry->count; i++) {
        const struct retry_reason *reason = &retry->reasons[i];
        put_number(out, reason->index | (reason->member == NULL ? 0 : IS_MEMBER), 4);
        put_number(out, (uint64_t)reason->time_s, 8);
        put_text(out, reason->status);
        put_text(out, reason->why);
        put_text(out, reason->diagnostic_type);
        put_text(out, reason->diagnostic);
        put_text(out, reason->remote_mta);
        if (reason->member != NULL)
            put_text(out, reason->member);
    }
    uint32_t checksum = (uint32_t)crc32(0, (const unsigned char *)out->data + 4, (unsigned)(out->length - 4));
    for (size_t i = 0; i < 4; i++)
        out->data[i] = (char)(checksum >> (8 * i) & 0xFF);
}

bool retry_write(int fd, struct message_file *file, const struct retry *retry)
{
    struct stat status;
    struct str block = {0};

    if (fstat(fd, &status) != 0)
        return false;
    uint64_t offset = file->retry.offset != 0 ? file->retry.offset : (uint64_t)status.st_size;
    encode(retry, &block);
    bool written = fd_pwrite_all(fd, block.data, block.length, (off_t)offset);
    if (written) {
        file->retry = (struct message_extent){ offset, block.length };
        written = ftruncate(fd, (off_t)(offset + block.length)) == 0;
    }
    str_free(&block);
    return written;
}

struct cursor {
    const unsigned char *at;
    size_t left;
    struct arena *arena;
};

static bool get_number(struct cursor *cursor, uint64_t *value, size_t bytes)
{
    if (cursor->left < bytes)
        return false;
    *value = 0;
    for (size_t i = 0; i < bytes; i++)
        *value |= (uint64_t)cursor->at[i] << (8 * i);
    cursor->at += bytes;
    cursor->left -= bytes;
    return true;
}

static bool get_text(struct cursor *cursor, const char **text)
{
    uint64_t length;

    if (!get_number(cursor, &length, 4) || length > cursor->left || length > TEXT_BYTES_MAX
        || (length > 0 && memchr(cursor->at, '\0', length) != NULL))
        return false;
    *text = length == 0 ? "" : arena_copy_bytes(cursor->arena, cursor->at, length);
    cursor->at += length;
    cursor->left -= length;
    return true;
}

static bool get_reason(struct cursor *cursor, struct retry_reason *reason)
{
    uint64_t index, time_s;

    if (!get_number(cursor, &index, 4) || !get_number(cursor, &time_s, 8))
        return false;
    reason->index = (uint32_t)index & ~IS_MEMBER;
    reason->time_s = (int64_t)time_s;
    reason->member = NULL;
    return get_text(cursor, &reason->status) && get_text(cursor, &reason->why)
        && get_text(cursor, &reason->diagnostic_type) && get_text(cursor, &reason->diagnostic)
        && get_text(cursor, &reason->remote_mta)
        && (((uint32_t)index & IS_MEMBER) == 0 || get_text(cursor, &reason->member));
}

static int compare_indexes(const void *left_, const void *right_)
{
    uint32_t left = (*(const struct retry_reason *const *)left_)->index;
    uint32_t right = (*(const struct retry_reason *const *)right_)->index;

    return left < right ? -1 : left > right;
}

/* False: a recipient has two. */
static bool sort_by_index(struct arena *arena, struct retry *retry)
{
    retry->by_index = arena_allocate(arena, retry->count * sizeof(retry->by_index[0]) + 1);
    for (size_t i = 0; i < retry->count; i++) {
        if (retry->reasons[i].member == NULL)
            retry->by_index[retry->index_count++] = &retry->reasons[i];
    }
    qsort(retry->by_index, retry->index_count, sizeof(retry->by_index[0]), compare_indexes);
    for (size_t i = 1; i < retry->index_count; i++) {
        if (retry->by_index[i]->index == retry->by_index[i - 1]->index)
            return false;
    }
    return true;
}

static bool decode(struct cursor *cursor, struct retry *retry)
{
    uint64_t checksum, count;

    if (!get_number(cursor, &checksum, 4) || checksum != crc32(0, cursor->at, (unsigned)cursor->left)
        || !get_number(cursor, &count, 4) || count > cursor->left / REASON_BYTES_MIN)
        return false;
    retry->reasons = arena_allocate(cursor->arena, count * sizeof(retry->reasons[0]) + 1);
    for (uint64_t i = 0; i < count; i++) {
        if (!get_reason(cursor, &retry->reasons[i]))
            return false;
    }
    retry->count = count;
    return cursor->left == 0 && sort_by_index(cursor->arena, retry);
}

bool retry_read(int fd, const struct message_file *file, struct arena *arena, struct retry *retry)
{
    struct str block = {0};

    *retry = (struct retry){0};
    if (file->retry.offset == 0)
        return true;
    if (file->retry.length > BLOCK_BYTES_MAX)
        return false;
    str_reserve(&block, file->retry.length);
    ssize_t count = fd_pread_all(fd, block.data, file->retry.length, (off_t)file->retry.offset);
    struct cursor cursor = { (const unsigned char *)block.data, count < 0 ? 0 : (size_t)count, arena };
    bool good = count >= 0 && (uint64_t)count == file->retry.length && decode(&cursor, retry);
    if (!good)
        *retry = (struct retry){0};
    str_free(&block);
    return good;
}

const struct retry_reason *retry_find(const struct retry *retry, uint32_t index)
{
    size_t low = 0;
    size_t high = retry->index_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (retry->by_index[middle]->index == index)
            return retry->by_index[middle];
        if (retry->by_index[middle]->index < index)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
