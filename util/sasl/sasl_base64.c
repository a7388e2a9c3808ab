#include "util/sasl/sasl_base64.h"

#include <stdint.h>
#include <string.h>

#include "util/base/text.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static bool is_in_alphabet(char c)
{
    return text_is_alnum(c) || c == '+' || c == '/';
}

bool sasl_base64_is_valid(const char *text)
{
    size_t length = strlen(text);
    size_t plain = 0;

    while (is_in_alphabet(text[plain]))
        plain++;
    size_t padding = length - plain;
    return length % 4 == 0 && padding <= 2 && strspn(text + plain, "=") == padding;
}

static uint32_t value_of(char c)
{
    const char *at = c == '=' ? alphabet : strchr(alphabet, c);

    return (uint32_t)(at - alphabet);
}

bool sasl_base64_decode(const char *text, struct str *out)
{
    if (!sasl_base64_is_valid(text))
        return false;
    for (; *text != '\0'; text += 4) {
        uint32_t group = value_of(text[0]) << 18 | value_of(text[1]) << 12 | value_of(text[2]) << 6 | value_of(text[3]);
        const char bytes[3] = { (char)(group >> 16), (char)(group >> 8), (char)group };
        str_put_bytes(out, bytes, text[2] == '=' ? 1 : text[3] == '=' ? 2 : 3);
    }
    return true;
}

void sasl_base64_encode(const void *bytes, size_t length, struct str *out)
{
    const unsigned char *from = bytes;

    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        uint32_t group = (uint32_t)from[i] << 16 | (left > 1 ? (uint32_t)from[i + 1] << 8 : 0) | (left > 2 ? from[i + 2] : 0);
        str_put_char(out, alphabet[group >> 18]);
        str_put_char(out, alphabet[group >> 12 & 63]);
        str_put_char(out, left > 1 ? alphabet[group >> 6 & 63] : '=');
        str_put_char(out, left > 2 ? alphabet[group & 63] : '=');
    }
}

void sasl_wipe(struct str *secret)
{
    if (secret->data != NULL)
        explicit_bzero(secret->data, secret->capacity);
    str_clear(secret);
}
