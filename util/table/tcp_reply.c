#include "util/table/tcp_reply.h"

#include <string.h>

#include "util/base/text.h"

void tcp_reply_encode(struct str *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text > ' ' && *text < 127 && *text != '%')
            str_put_char(out, *text);
        else
            str_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
    }
}

/* -1: not a hexadecimal digit. */
static int digit_value(char c)
{
    char lower = text_lower_char(c);

    if (text_is_digit(c))
        return c - '0';
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* False: a % without two digits behind it. */
static bool decode(const char *text, struct str *out)
{
    str_clear(out);
    for (; *text != '\0'; text++) {
        if (*text != '%') {
            str_put_char(out, *text);
            continue;
        }
        int high = digit_value(text[1]);
        int low = high < 0 ? -1 : digit_value(text[2]);
        if (low < 0) {
            str_clear(out);
            return false;
        }
        str_put_char(out, (char)(high * 16 + low));
        text += 2;
    }
    str_truncate(out, strlen(str_text(out)));
    return true;
}

enum tcp_reply tcp_reply_parse(const char *line, struct str *text)
{
    str_clear(text);
    for (size_t i = 0; i < 3; i++) {
        if (!text_is_digit(line[i]))
            return TCP_REPLY_MALFORMED;
    }
    if (!text_is_space(line[3]) || !decode(line + 4, text))
        return TCP_REPLY_MALFORMED;
    if (text_starts_with(line, "200"))
        return TCP_REPLY_FOUND;
    if (text_starts_with(line, "500"))
        return TCP_REPLY_ABSENT;
    return text_starts_with(line, "400") ? TCP_REPLY_ERROR : TCP_REPLY_BAD_CODE;
}
