#include "util/base/fold.h"

#include <stdint.h>
#include <stdlib.h>
#include <unicase.h>

#include "util/base/text.h"

static bool has_high_bytes(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] >= 0x80)
            return true;
    }
    return false;
}

static bool fold_put_utf8(struct str *out, const char *text, size_t length)
{
    if (!text_is_utf8(text, length))
        return false;
    size_t folded_length = 0;
    uint8_t *folded = u8_casefold((const uint8_t *)text, length, NULL, NULL, NULL, &folded_length);
    if (folded == NULL)
        return false;
    str_put_bytes(out, folded, folded_length);
    free(folded);
    return true;
}

void fold_put(struct str *out, const char *text, size_t length, bool utf8)
{
    if (utf8 && has_high_bytes(text, length) && fold_put_utf8(out, text, length))
        return;
    str_reserve(out, length);
    for (size_t i = 0; i < length; i++)
        str_put_char(out, text_lower_char(text[i]));
}
