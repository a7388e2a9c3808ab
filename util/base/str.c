#include "util/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"

enum { PRINTF_GUESS_BYTES = 160 }; /* what is printed mostly fits: nothing is formatted twice */

void str_free(struct str *str)
{
    free(str->data);
    *str = (struct str){0};
}

void str_clear(struct str *str)
{
    str_truncate(str, 0);
}

void str_truncate(struct str *str, size_t length)
{
    if (str->data == NULL)
        return;
    str->length = length;
    str->data[length] = '\0';
}

void str_reserve(struct str *str, size_t more)
{
    size_t needed;

    if (__builtin_add_overflow(str->length, more, &needed) || __builtin_add_overflow(needed, 1, &needed))
        memory_exhausted();
    if (needed <= str->capacity)
        return;
    size_t capacity = str->capacity < 64 ? 64 : str->capacity;
    while (capacity < needed) {
        if (__builtin_mul_overflow(capacity, 2, &capacity))
            memory_exhausted();
    }
    str->data = memory_resize(str->data, capacity, 1);
    str->capacity = capacity;
    str->data[str->length] = '\0';
}

void str_put_bytes(struct str *str, const void *bytes, size_t length)
{
    str_reserve(str, length);
    if (length > 0)
        memcpy(str->data + str->length, bytes, length);
    str->length += length;
    str->data[str->length] = '\0';
}

void str_put(struct str *str, const char *text)
{
    str_put_bytes(str, text, strlen(text));
}

void str_set(struct str *str, const char *text)
{
    str_clear(str);
    str_put(str, text);
}

void str_put_char(struct str *str, char c)
{
    if (str->capacity - str->length < 2)
        str_reserve(str, 1);
    str->data[str->length++] = c;
    str->data[str->length] = '\0';
}

void str_put_number(struct str *str, unsigned long long number)
{
    char digits[3 * sizeof(number)];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    str_put_bytes(str, digits + at, sizeof(digits) - at);
}

void str_vprintf(struct str *str, const char *format, va_list arguments)
{
    va_list again;

    va_copy(again, arguments);
    str_reserve(str, PRINTF_GUESS_BYTES);
    size_t room = str->capacity - str->length;
    int length = vsnprintf(str->data + str->length, room, format, arguments);
    if (length < 0)
        memory_exhausted();
    if ((size_t)length >= room) {
        str_reserve(str, (size_t)length);
        (void)vsnprintf(str->data + str->length, (size_t)length + 1, format, again); /* measured by the first */
    }
    str->length += (size_t)length;
    va_end(again);
}

void str_printf(struct str *str, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    str_vprintf(str, format, arguments);
    va_end(arguments);
}

const char *str_text(const struct str *str)
{
    return str->data == NULL ? "" : str->data;
}

char *str_take(struct str *str)
{
    str_reserve(str, 0);
    char *data = str->data;
    *str = (struct str){0};
    return data;
}
