#include "util/mail/xtext.h"

#include <string.h>

void xtext_put(struct str *out, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c > ' ' && c < 127 && c != '+' && c != '=')
            str_put_char(out, *text);
        else
            str_printf(out, "+%02X", c);
    }
}

void xtext_decode(struct str *out, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";

    for (; *text != '\0'; text++) {
        const char *high = *text == '+' && text[1] != '\0' ? strchr(hex, text[1]) : NULL;
        const char *low = high != NULL && text[2] != '\0' ? strchr(hex, text[2]) : NULL;
        if (low == NULL) {
            str_put_char(out, *text);
            continue;
        }
        char byte = (char)((high - hex) * 16 + (low - hex));
        str_put_char(out, byte == '\0' ? '?' : byte);
        text += 2;
    }
}
