#include "util/mail/xtext.h"

#include <stdint.h>
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

/* The code point at text and its bytes; 0 bytes: no UTF-8. */
static unsigned long code_point(const unsigned char *text, size_t *bytes)
{
    static const struct { unsigned char mask; unsigned char lead; } leads[] = { { 0xE0, 0xC0 }, { 0xF0, 0xE0 }, { 0xF8, 0xF0 } };

    *bytes = 0;
    for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
        if ((text[0] & leads[i].mask) != leads[i].lead)
            continue;
        unsigned long point = text[0] & (unsigned char)~leads[i].mask;
        for (size_t j = 1; j <= i + 1; j++) {
            if ((text[j] & 0xC0) != 0x80)
                return 0;
            point = point << 6 | (text[j] & 0x3F);
        }
        *bytes = i + 2;
        return point;
    }
    return 0;
}

void xtext_put_utf8(struct str *out, const char *text)
{
    while (*text != '\0') {
        unsigned char c = (unsigned char)*text;
        size_t bytes = 1;
        if (c >= 0x80) {
            unsigned long point = code_point((const unsigned char *)text, &bytes);
            if (bytes == 0)
                str_put_char(out, '?');
            else
                str_printf(out, "\\x{%lX}", point);
            text += bytes == 0 ? 1 : bytes;
            continue;
        }
        if (c > ' ' && c < 127 && c != '+' && c != '=' && c != '\\')
            str_put_char(out, *text);
        else
            str_printf(out, "\\x{%02X}", c);
        text++;
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

/* The number in "\x{FC}"; *length: of the whole. 0: it is none, or not of a character to be shown. */
static uint32_t escaped_number(const char *text, size_t *length)
{
    uint32_t number = 0;

    if (strncmp(text, "\\x{", 3) != 0)
        return 0;
    size_t digits = strspn(text + 3, "0123456789ABCDEFabcdef");
    if (digits == 0 || digits > 6 || text[3 + digits] != '}')
        return 0;
    for (size_t i = 0; i < digits; i++) {
        int digit = text[3 + i];
        number = number * 16 + (uint32_t)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
    }
    *length = digits + 4;
    return number < 0x20 || (number >= 0x7f && number < 0xa0) || (number >= 0xd800 && number < 0xe000) || number > 0x10ffff
        ? 0 : number;
}

static void put_character(struct str *out, uint32_t number)
{
    static const unsigned char leads[] = { 0, 0xc0, 0xe0, 0xf0 };
    int more = number < 0x80 ? 0 : number < 0x800 ? 1 : number < 0x10000 ? 2 : 3;

    str_put_char(out, (char)(leads[more] | (number >> (6 * more))));
    while (more-- > 0)
        str_put_char(out, (char)(0x80 | ((number >> (6 * more)) & 0x3f)));
}

void xtext_decode_utf8(struct str *out, const char *text)
{
    struct str plain = {0};
    size_t length;

    xtext_decode(&plain, text);
    for (const char *at = str_text(&plain); *at != '\0';) {
        uint32_t number = escaped_number(at, &length);
        if (number == 0) {
            str_put_char(out, *at++);
        } else {
            put_character(out, number);
            at += length;
        }
    }
    str_free(&plain);
}
