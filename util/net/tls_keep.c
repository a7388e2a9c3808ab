#include "util/net/tls_keep.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/io/fd.h"

/* At the start of the memory; records follow. */
struct header {
    uint32_t length; /* of all records */
    unsigned char digest[SHA256_DIGEST_LENGTH];
};

/* In front of its name and its material. */
struct record {
    uint32_t name_length;
    uint32_t length;
    int64_t told_s;
};

/* All of it, while it is locked. Records lie at data. */
struct content {
    char *data; /* TLS_KEEP_BYTES */
    size_t length;
    size_t used; /* bytes that may hold secrets */
};

/* Locks of this kind belong to the process, though all got the descriptor from one parent. */
static bool lock(int fd, short type)
{
    struct flock range = { .l_type = type, .l_whence = SEEK_SET };

    while (fcntl(fd, F_SETLKW, &range) != 0) {
        if (errno != EINTR)
            return false;
    }
    return true;
}

static void content_free(struct content *content)
{
    OPENSSL_cleanse(content->data, content->used);
    free(content->data);
}

/* What was torn by the death of its writer, or was never written, is empty. */
static void content_load(int fd, struct content *content)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    struct header header;

    *content = (struct content){ .data = memory_zeroed(TLS_KEEP_BYTES, 1) };
    if (fd_pread_all(fd, &header, sizeof(header), 0) != (ssize_t)sizeof(header) || header.length == 0
        || header.length > TLS_KEEP_BYTES - sizeof(header)
        || fd_pread_all(fd, content->data, header.length, sizeof(header)) != (ssize_t)header.length)
        return;
    content->used = header.length;
    (void)SHA256((unsigned char *)content->data, header.length, digest); /* gives its last argument */
    if (memcmp(digest, header.digest, sizeof(digest)) == 0)
        content->length = header.length;
}

static void content_save(int fd, const struct content *content)
{
    struct header header = { .length = (uint32_t)content->length };

    (void)SHA256((unsigned char *)content->data, content->length, header.digest); /* as above */
    /* Whoever can't write has nothing to keep: the next one tries again. */
    if (fd_pwrite_all(fd, content->data, content->length, sizeof(header)))
        (void)!fd_pwrite_all(fd, &header, sizeof(header), 0);
}

/* The record under that name and where it lies. False: none. */
static bool find(const struct content *content, const char *name, struct record *record, size_t *offset)
{
    size_t length = strlen(name);

    for (*offset = 0; content->length - *offset >= sizeof(*record); *offset += sizeof(*record) + record->name_length + record->length) {
        memcpy(record, content->data + *offset, sizeof(*record));
        size_t left = content->length - *offset - sizeof(*record);
        if (record->name_length > left || record->length > left - record->name_length)
            return false;
        if (record->name_length == length && memcmp(content->data + *offset + sizeof(*record), name, length) == 0)
            return true;
    }
    return false;
}

static const char *material_of(const struct content *content, const struct record *record, size_t offset)
{
    return content->data + offset + sizeof(*record) + record->name_length;
}

static void remove_at(struct content *content, size_t offset)
{
    struct record record;

    memcpy(&record, content->data + offset, sizeof(record));
    size_t size = sizeof(record) + record.name_length + record.length;
    memmove(content->data + offset, content->data + offset + size, content->length - offset - size);
    content->length -= size;
}

static void append(struct content *content, const char *name, const struct record *record, const void *material)
{
    char *at = content->data + content->length;

    memcpy(at, record, sizeof(*record));
    memcpy(at + sizeof(*record), name, record->name_length);
    memcpy(at + sizeof(*record) + record->name_length, material, record->length);
    content->length += sizeof(*record) + record->name_length + record->length;
    content->used = content->used > content->length ? content->used : content->length;
}

/* False: it is there already, as it is. */
static bool change(struct content *content, const char *name, const struct tls_material *material)
{
    const size_t room = TLS_KEEP_BYTES - sizeof(struct header);
    struct record record = { .told_s = 0 };
    size_t offset;

    if (find(content, name, &record, &offset)) {
        if (record.length == material->packed.length
            && CRYPTO_memcmp(material_of(content, &record, offset), material->packed.data, record.length) == 0)
            return false;
        remove_at(content, offset);
        record.told_s = 0; /* another certificate: another date */
    }
    record.name_length = (uint32_t)strlen(name);
    record.length = (uint32_t)material->packed.length;
    size_t size = sizeof(record) + record.name_length + record.length;
    if (size > room)
        return false;
    while (content->length + size > room)
        remove_at(content, 0);
    append(content, name, &record, material->packed.data);
    return true;
}

void tls_keep_put(int fd, const char *name, const struct tls_material *material)
{
    struct content content;

    if (fd < 0 || material->is_partial || material->packed.length == 0 || !lock(fd, F_WRLCK))
        return;
    content_load(fd, &content);
    if (change(&content, name, material))
        content_save(fd, &content);
    content_free(&content);
    (void)lock(fd, F_UNLCK); /* can't fail for a lock that is held */
}

bool tls_keep_find(int fd, const char *name, struct tls_material *material)
{
    struct content content;
    struct record record;
    size_t offset;

    if (fd < 0 || !lock(fd, F_RDLCK))
        return false;
    content_load(fd, &content);
    bool found = find(&content, name, &record, &offset)
        && tls_material_unpack(material, material_of(&content, &record, offset), record.length);
    content_free(&content);
    (void)lock(fd, F_UNLCK); /* as above */
    return found;
}

bool tls_keep_is_time(int fd, const char *name, int64_t now_s, int64_t interval_s)
{
    struct content content;
    struct record record;
    size_t offset;

    if (fd < 0 || !lock(fd, F_WRLCK))
        return true;
    content_load(fd, &content);
    bool is_time = !find(&content, name, &record, &offset) || record.told_s + interval_s <= now_s;
    if (is_time && content.length > offset && find(&content, name, &record, &offset)) {
        record.told_s = now_s;
        memcpy(content.data + offset, &record, sizeof(record));
        content_save(fd, &content);
    }
    content_free(&content);
    (void)lock(fd, F_UNLCK); /* as above */
    return is_time;
}
