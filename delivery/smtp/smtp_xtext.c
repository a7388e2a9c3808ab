#include "delivery/smtp/smtp_xtext.h"

#include <stdbool.h>

static void put(struct str *out, const char *text, bool utf8)
{
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if ((c > ' ' && c < 127 && c != '+' && c != '=') || (utf8 && c >= 128))
            str_put_char(out, *at);
        else
            str_printf(out, "+%02X", c);
    }
}

void smtp_xtext_put(struct str *out, const char *text)
{
    put(out, text, false);
}

void smtp_xtext_put_utf8(struct str *out, const char *text)
{
    put(out, text, true);
}
