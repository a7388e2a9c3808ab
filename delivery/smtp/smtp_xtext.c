#include "delivery/smtp/smtp_xtext.h"

void smtp_xtext_put(struct str *out, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if (c > ' ' && c < 127 && c != '+' && c != '=')
            str_put_char(out, *at);
        else
            str_printf(out, "+%02X", c);
    }
}
