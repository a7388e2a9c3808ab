/* fuzz_from_header.c: the search for From: in any content; in whatever pieces it comes, the same is found. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtpd/from_header.h"
#include "util/mail/address_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void feed(struct from_header *header, const char *text, size_t length, size_t piece)
{
    size_t at = 0;

    while (at < length) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t line = end == NULL ? length - at : (size_t)(end - text) - at;
        size_t part = line < piece ? line : piece;
        from_header_take(header, text + at, part, end != NULL && part == line);
        at += part + (end != NULL && part == line);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct from_header whole = { .limit = 500 };
    struct from_header pieces = { .limit = 500 };

    feed(&whole, (const char *)bytes, length, SIZE_MAX);
    feed(&pieces, (const char *)bytes, length, 3);
    if (whole.fields != pieces.fields || whole.is_cut != pieces.is_cut
        || strcmp(str_text(&whole.value), str_text(&pieces.value)) != 0)
        abort();
    struct address_list *list = address_list_parse(str_text(&whole.value), whole.value.length, 100);
    for (size_t i = 0; address_list_get(list, i) != NULL; i++)
        ;
    address_list_free(list);
    from_header_reset(&whole);
    from_header_reset(&pieces);
    return 0;
}
