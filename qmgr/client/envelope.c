#include "qmgr/client/envelope.h"

#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"

/* A record: u8 type, u32 length of the payload (little endian), payload. A text in a payload: u32 length, bytes. */
enum record_type {
    RECORD_BASICS = 'B',    /* u64 arrival, u64 size, u32 flags, u32 ret, text sender, text envid */
    RECORD_RECIPIENT = 'R', /* u8 done, u32 notify, text address, text original, text orcpt */
    RECORD_ATTRIBUTE = 'A', /* text name, text value */
    RECORD_END = 'E',       /* nothing */
};

enum { RECORDS_MAX = 4 << 20, TEXT_BYTES_MAX = 1 << 16 };
enum { DONE_BY_EXPANSION = 2 }; /* in the place of the done mark, until the sender was told */

const char *envelope_attribute(const struct envelope *envelope, const char *name)
{
    for (size_t i = 0; i < envelope->attribute_count; i++) {
        if (text_equal(envelope->attributes[i].name, name))
            return envelope->attributes[i].value;
    }
    return "";
}

/* Arrays in arenas grow by doubling at powers of two; the old copy stays until the arena is freed. */
static void *grow(struct arena *arena, void *old, size_t count, size_t size)
{
    if (count != 0 && (count & (count - 1)) != 0)
        return old;
    size_t bytes;
    if (__builtin_mul_overflow(count == 0 ? 1 : count * 2, size, &bytes))
        memory_exhausted();
    void *bigger = arena_allocate(arena, bytes);
    if (count > 0)
        memcpy(bigger, old, count * size);
    return bigger;
}

static const char *copy(struct arena *arena, const char *text)
{
    return text == NULL || *text == '\0' ? "" : arena_copy_text(arena, text);
}

struct recipient *envelope_add_recipient(struct envelope *envelope, struct arena *arena,
    const struct recipient *recipient)
{
    envelope->recipients = grow(arena, envelope->recipients, envelope->recipient_count, sizeof(*recipient));
    struct recipient *added = &envelope->recipients[envelope->recipient_count++];
    *added = *recipient;
    added->address = copy(arena, recipient->address);
    added->original = copy(arena, recipient->original);
    added->dsn_orcpt = copy(arena, recipient->dsn_orcpt);
    return added;
}

void envelope_set_attribute(struct envelope *envelope, struct arena *arena, const char *name, const char *value)
{
    for (size_t i = 0; i < envelope->attribute_count; i++) {
        if (text_equal(envelope->attributes[i].name, name)) {
            envelope->attributes[i].value = copy(arena, value);
            return;
        }
    }
    envelope->attributes =
        grow(arena, envelope->attributes, envelope->attribute_count, sizeof(*envelope->attributes));
    envelope->attributes[envelope->attribute_count++] =
        (struct envelope_attribute){ copy(arena, name), copy(arena, value) };
}

/* --- encoding --- */

static void put_number(struct str *out, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        str_put_char(out, (char)(value >> (8 * i) & 0xFF));
}

static void put_text(struct str *out, const char *text)
{
    size_t length = text == NULL ? 0 : strlen(text);

    put_number(out, length, 4);
    str_put_bytes(out, text, length);
}

static size_t record_begin(struct str *out, enum record_type type)
{
    put_number(out, type, 1);
    put_number(out, 0, 4);
    return out->length;
}

static void record_end(struct str *out, size_t start)
{
    size_t length = out->length - start;

    for (size_t i = 0; i < 4; i++)
        out->data[start - 4 + i] = (char)(length >> (8 * i) & 0xFF);
}

static void put_recipient(struct str *out, const struct recipient *recipient)
{
    size_t start = record_begin(out, RECORD_RECIPIENT);

    put_number(out, recipient->expanded ? DONE_BY_EXPANSION : recipient->done, 1);
    put_number(out, recipient->notify, 4);
    put_text(out, recipient->address);
    put_text(out, recipient->original);
    put_text(out, recipient->dsn_orcpt);
    record_end(out, start);
}

void envelope_encode(const struct envelope *envelope, struct str *out)
{
    size_t start = record_begin(out, RECORD_BASICS);

    put_number(out, (uint64_t)envelope->arrival_us, 8);
    put_number(out, envelope->size_bytes, 8);
    put_number(out, envelope->flags, 4);
    put_number(out, envelope->ret, 4);
    put_text(out, envelope->sender);
    put_text(out, envelope->envid);
    record_end(out, start);
    for (size_t i = 0; i < envelope->attribute_count; i++) {
        start = record_begin(out, RECORD_ATTRIBUTE);
        put_text(out, envelope->attributes[i].name);
        put_text(out, envelope->attributes[i].value);
        record_end(out, start);
    }
    for (size_t i = 0; i < envelope->recipient_count; i++)
        put_recipient(out, &envelope->recipients[i]);
    start = record_begin(out, RECORD_END);
    record_end(out, start);
}

/* --- decoding --- */

struct reader {
    const unsigned char *bytes;
    size_t length;
    size_t at;
    struct arena *arena;
};

static bool get_number(struct reader *reader, uint64_t *value, size_t bytes)
{
    if (reader->length - reader->at < bytes)
        return false;
    *value = 0;
    for (size_t i = 0; i < bytes; i++)
        *value |= (uint64_t)reader->bytes[reader->at + i] << (8 * i);
    reader->at += bytes;
    return true;
}

static bool get_text(struct reader *reader, const char **text)
{
    uint64_t length;

    if (!get_number(reader, &length, 4) || length > TEXT_BYTES_MAX || reader->length - reader->at < length)
        return false;
    const unsigned char *start = reader->bytes + reader->at;
    if (length > 0 && memchr(start, '\0', length) != NULL)
        return false;
    *text = length == 0 ? "" : arena_copy_bytes(reader->arena, start, length);
    reader->at += length;
    return true;
}

static bool get_basics(struct reader *reader, struct envelope *envelope)
{
    uint64_t arrival, flags, ret;

    if (!get_number(reader, &arrival, 8) || !get_number(reader, &envelope->size_bytes, 8)
        || !get_number(reader, &flags, 4) || !get_number(reader, &ret, 4))
        return false;
    envelope->arrival_us = (int64_t)arrival;
    envelope->flags = (uint32_t)flags;
    envelope->ret = ret == RET_FULL ? RET_FULL : ret == RET_HEADERS ? RET_HEADERS : RET_UNSET;
    return get_text(reader, &envelope->sender) && get_text(reader, &envelope->envid);
}

static bool get_recipient(struct reader *reader, uint64_t base, struct envelope *envelope)
{
    struct recipient recipient = { .offset = base };
    uint64_t done, notify;

    if (!get_number(reader, &done, 1) || !get_number(reader, &notify, 4)
        || !get_text(reader, &recipient.address) || !get_text(reader, &recipient.original)
        || !get_text(reader, &recipient.dsn_orcpt))
        return false;
    recipient.done = done != 0;
    recipient.expanded = done == DONE_BY_EXPANSION;
    recipient.notify = (uint32_t)notify & (NOTIFY_NEVER | NOTIFY_SUCCESS | NOTIFY_FAILURE | NOTIFY_DELAY);
    envelope->recipients =
        grow(reader->arena, envelope->recipients, envelope->recipient_count, sizeof(recipient));
    envelope->recipients[envelope->recipient_count++] = recipient;
    return true;
}

static bool get_attribute(struct reader *reader, struct envelope *envelope)
{
    const char *name;
    const char *value;

    if (!get_text(reader, &name) || !get_text(reader, &value))
        return false;
    envelope->attributes =
        grow(reader->arena, envelope->attributes, envelope->attribute_count, sizeof(*envelope->attributes));
    envelope->attributes[envelope->attribute_count++] = (struct envelope_attribute){ name, value };
    return true;
}

/* One record's payload, which must be used up exactly. */
static bool get_payload(struct reader *payload, uint64_t type, uint64_t base, struct envelope *envelope)
{
    bool good = type == RECORD_BASICS ? get_basics(payload, envelope)
        : type == RECORD_RECIPIENT ? get_recipient(payload, base, envelope)
        : type == RECORD_ATTRIBUTE ? get_attribute(payload, envelope)
        : type == RECORD_END;

    return good && payload->at == payload->length;
}

bool envelope_decode(const void *bytes, size_t length, uint64_t base, struct arena *arena, struct envelope *envelope,
    const char **why)
{
    struct reader reader = { .bytes = bytes, .length = length, .arena = arena };

    *envelope = (struct envelope){0};
    for (size_t count = 0; count < RECORDS_MAX; count++) {
        uint64_t type, size;
        *why = "envelope record cut short";
        if (!get_number(&reader, &type, 1) || !get_number(&reader, &size, 4)
            || reader.length - reader.at < size)
            return false;
        struct reader payload = { reader.bytes + reader.at, size, 0, arena };
        *why = "bad envelope record";
        if ((count == 0) != (type == RECORD_BASICS) || !get_payload(&payload, type, base + reader.at, envelope))
            return false;
        reader.at += size;
        if (type == RECORD_END) {
            *why = "bytes after the envelope";
            return reader.at == reader.length;
        }
    }
    *why = "too many envelope records";
    return false;
}
