#include "delivery/smtp/smtp_qp.h"

enum { SOFT_BREAK_COLUMN = 72 }; /* beyond it, the next character goes to a new line: 76 bytes at most */

static bool is_plain(unsigned char c, bool last)
{
    if (c == ' ' || c == '\t')
        return !last;
    return c > ' ' && c < 127 && c != '=';
}

void smtp_qp_put(const char *line, size_t length, bool ends, size_t *column, struct str *out)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)line[i];
        if (*column > SOFT_BREAK_COLUMN) {
            str_put(out, "=\n");
            *column = 0;
        }
        if (is_plain(c, ends && i + 1 == length)) {
            str_put_char(out, (char)c);
            *column += 1;
        } else {
            const char coded[3] = { '=', hex[c >> 4], hex[c & 15] };
            str_put_bytes(out, coded, sizeof(coded));
            *column += sizeof(coded);
        }
    }
    if (ends)
        *column = 0;
}
