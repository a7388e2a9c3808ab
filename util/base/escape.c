#include "util/base/escape.h"

#include <string.h>

void escape_put(struct str *out, const char *bytes, size_t length)
{
    static const char bytes_with_letters[] = "\a\b\f\n\r\t\v\\";
    static const char letters[] = "abfnrtv\\";

    for (size_t i = 0; i < length; i++) {
        const char *found = bytes[i] == '\0' ? NULL : strchr(bytes_with_letters, bytes[i]);
        if (found != NULL)
            str_printf(out, "\\%c", letters[found - bytes_with_letters]);
        else if (bytes[i] >= ' ' && bytes[i] <= '~')
            str_put_char(out, bytes[i]);
        else
            str_printf(out, "\\%03o", (unsigned char)bytes[i]);
    }
}
