/* fuzz_header.c: address lists and MIME structure from any bytes: nothing may break. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/input.h"
#include "util/base/arena.h"
#include "util/base/str.h"
#include "util/mail/address_list.h"
#include "util/mail/header.h"
#include "util/mail/mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void try_list(const char *text, size_t length)
{
    struct address_list *list = address_list_parse(text, length, 2000);
    struct str out = {0};
    const char *address;

    for (size_t i = 0; (address = address_list_get(list, i)) != NULL; i++) {
        struct str whole = {0};
        str_printf(&whole, "%s@example.test", address);
        address_list_set(list, i, str_text(&whole));
        str_free(&whole);
    }
    str_set(&out, "To: ");
    address_list_put(list, &out);
    str_free(&out);
    address_list_free(list);
}

static void try_mime(const char *text)
{
    struct arena *arena = arena_new();
    struct mime *mime = mime_new(arena, 20, 100);
    enum mime_next next = MIME_PART_HEADER;
    bool boundary;

    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        char *line = arena_copy_bytes(arena, text, length);
        size_t value;
        size_t name = header_name_length(line, length, &value);
        const struct header_kind *kind = header_kind_find(line, name);
        if (next == MIME_BODY) {
            next = mime_take_line(mime, line, length, &boundary);
        } else if (name > 0) {
            if (kind->id == HEADER_CONTENT_TYPE)
                mime_set_type(mime, line + value);
            else if (kind->id == HEADER_CONTENT_TRANSFER_ENCODING)
                mime_set_encoding(mime, line + value);
            (void)mime_encoding_is_forbidden(mime);
        } else {
            next = mime_end_header(mime, length == 0);
        }
        text += length + (text[length] == '\n');
    }
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    char *text = input_text(bytes, length);

    try_list(text, length);
    try_mime(text);
    free(text);
    return 0;
}
