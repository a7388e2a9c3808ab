#include "util/net/tls_material.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/io/fd.h"

static void put_part(struct str *packed, const void *bytes, size_t length)
{
    uint32_t number = (uint32_t)length;

    str_put_bytes(packed, &number, sizeof(number));
    str_put_bytes(packed, bytes, length);
}

/* The next part; false at the end, and where the lengths don't fit. */
static bool next_part(const char **cursor, size_t *left, const char **part, size_t *length)
{
    uint32_t number;

    if (*left < sizeof(number))
        return false;
    memcpy(&number, *cursor, sizeof(number));
    if (number > *left - sizeof(number))
        return false;
    *part = *cursor + sizeof(number);
    *length = number;
    *cursor = *part + number;
    *left -= sizeof(number) + number;
    return true;
}

/* As large as it may ever get: growing would leave copies of keys behind in freed memory. */
static void make_room(struct str *packed)
{
    if (packed->capacity - packed->length > 2 * TLS_MATERIAL_FILE_BYTES_MAX)
        return;
    struct str larger = {0};
    str_reserve(&larger, packed->length + 4 * TLS_MATERIAL_FILE_BYTES_MAX);
    str_put_bytes(&larger, str_text(packed), packed->length);
    if (packed->data != NULL)
        OPENSSL_cleanse(packed->data, packed->length);
    str_free(packed);
    *packed = larger;
}

static bool read_file(struct str *packed, const char *name)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool good = false;

    if (fd < 0)
        return false;
    char *content = memory_zeroed(TLS_MATERIAL_FILE_BYTES_MAX, 1);
    ssize_t length = fd_pread_all(fd, content, TLS_MATERIAL_FILE_BYTES_MAX, 0);
    if (length >= 0 && length < TLS_MATERIAL_FILE_BYTES_MAX) {
        put_part(packed, name, strlen(name));
        put_part(packed, content, (size_t)length);
        good = true;
    }
    OPENSSL_cleanse(content, TLS_MATERIAL_FILE_BYTES_MAX);
    free(content);
    (void)close(fd); /* only read from */
    return good;
}

void tls_material_read(struct tls_material *material, const char *files)
{
    struct str name = {0};
    const char *content;
    const char *word;
    size_t length;

    while (text_next_word(&files, TEXT_LIST_SEPARATORS, &word, &length)) {
        str_clear(&name);
        str_put_bytes(&name, word, length);
        if (tls_material_find(material, str_text(&name), &content, &length))
            continue;
        make_room(&material->packed);
        material->is_partial = !read_file(&material->packed, str_text(&name)) || material->is_partial;
    }
    str_free(&name);
}

bool tls_material_unpack(struct tls_material *material, const void *bytes, size_t length)
{
    const char *cursor = bytes;
    size_t left = length;
    size_t parts = 0;
    const char *part;
    size_t part_length;

    while (next_part(&cursor, &left, &part, &part_length))
        parts++;
    if (left > 0 || parts % 2 != 0)
        return false;
    tls_material_free(material);
    str_put_bytes(&material->packed, bytes, length);
    return true;
}

bool tls_material_find(const struct tls_material *material, const char *file, const char **content, size_t *length)
{
    const char *cursor = material->packed.data;
    size_t left = material->packed.length;
    size_t wanted = strlen(file);
    const char *name;
    size_t name_length;

    while (next_part(&cursor, &left, &name, &name_length) && next_part(&cursor, &left, content, length)) {
        if (name_length == wanted && memcmp(name, file, wanted) == 0)
            return true;
    }
    return false;
}

void tls_material_free(struct tls_material *material)
{
    if (material->packed.data != NULL)
        OPENSSL_cleanse(material->packed.data, material->packed.length);
    str_free(&material->packed);
    *material = (struct tls_material){ 0 };
}
