#include "util/table/file_value.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/base/brace.h"
#include "util/base/memory.h"
#include "util/base/text.h"

/* Certificates and keys: more than this is a mistake. */
enum { LARGEST_BYTES = 16 * 1024 * 1024 };

static bool read_file(const char *name, struct str *content, struct str *why)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0) {
        str_printf(why, "open %s: %s", name, strerror(errno));
        return false;
    }
    char block[8192];
    ssize_t length;
    while ((length = read(fd, block, sizeof(block))) > 0 && content->length < LARGEST_BYTES)
        str_put_bytes(content, block, (size_t)length);
    if (length < 0)
        str_printf(why, "read %s: %s", name, strerror(errno));
    else if (length > 0)
        str_printf(why, "read %s: %s", name, strerror(EFBIG));
    (void)close(fd); /* only read from */
    return length == 0;
}

bool file_value_encode(const char *list, struct str *base64, struct str *why)
{
    struct str name = {0};
    struct str content = {0};
    bool good = true;
    bool first = true;

    str_clear(base64);
    str_clear(why);
    while (good && brace_next_word(&list, TEXT_LIST_SEPARATORS, &name)) {
        if (!first)
            str_put_char(&content, '\n');
        first = false;
        good = read_file(str_text(&name), &content, why);
    }
    if (good && first) {
        str_set(why, "empty pathname list");
        good = false;
    }
    if (good) {
        size_t room = 4 * ((content.length + 2) / 3) + 1;
        str_reserve(base64, room);
        int length = EVP_EncodeBlock((unsigned char *)base64->data, (const unsigned char *)str_text(&content),
            (int)content.length);
        base64->length = (size_t)length;
    }
    str_free(&name);
    str_free(&content);
    return good;
}

bool file_value_decode(struct str *value)
{
    const char *text = str_text(value);

    if (value->length % 4 != 0 || value->length > 2 * LARGEST_BYTES)
        return false;
    if (strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") != value->length)
        return false;
    size_t padding = 0;
    while (padding < 2 && padding < value->length && text[value->length - 1 - padding] == '=')
        padding++;
    unsigned char *decoded = memory_zeroed(value->length + 1, 1);
    int length = EVP_DecodeBlock(decoded, (const unsigned char *)text, (int)value->length);
    if (length >= 0 && (size_t)length >= padding) {
        str_clear(value);
        str_put_bytes(value, decoded, (size_t)length - padding);
    }
    free(decoded);
    return length >= 0;
}
