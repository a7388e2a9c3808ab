#include "util/base/number.h"

#include <stddef.h>

#include "util/base/text.h"

/* Reads digits from *text, moves it behind them. */
static bool digits(const char **text, uint64_t max, uint64_t *value)
{
    uint64_t sum = 0;

    if (!text_is_digit(**text))
        return false;
    for (; text_is_digit(**text); (*text)++) {
        if (__builtin_mul_overflow(sum, 10, &sum)
            || __builtin_add_overflow(sum, (uint64_t)(**text - '0'), &sum))
            return false;
    }
    *value = sum;
    return sum <= max;
}

bool number_parse_u64(const char *text, uint64_t max, uint64_t *value)
{
    return digits(&text, max, value) && *text == '\0';
}

bool number_parse_i64(const char *text, int64_t min, int64_t max, int64_t *value)
{
    bool negative = *text == '-';
    uint64_t size;

    if (negative)
        text++;
    if (!digits(&text, INT64_MAX, &size) || *text != '\0')
        return false;
    *value = negative ? -(int64_t)size : (int64_t)size;
    return *value >= min && *value <= max;
}

bool number_parse_time(const char *text, char default_unit, int64_t *seconds)
{
    static const struct { char unit; int64_t seconds; } units[] = {
        { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 },
    };
    uint64_t count;

    if (!digits(&text, INT64_MAX, &count))
        return false;
    char unit = *text == '\0' ? default_unit : text_lower_char(*text);
    if (*text != '\0' && text[1] != '\0')
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (units[i].unit == unit)
            return !__builtin_mul_overflow((int64_t)count, units[i].seconds, seconds);
    }
    return false;
}
