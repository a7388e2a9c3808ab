#include "util/mail/xtext.h"

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
