#include "smtpd/screen/dnsbl_site.h"

#include <string.h>

#include "util/base/memory.h"
#include "util/base/number.h"
#include "util/base/text.h"

enum { NUMBER_MAX = 255 };

static bool take_number(const char **cursor, unsigned *value, const char *whole, struct str *why)
{
    const char *at = *cursor;

    *value = 0;
    for (; text_is_digit(*at) && *value <= NUMBER_MAX; at++)
        *value = *value * 10 + (unsigned)(*at - '0');
    str_clear(why);
    if (at == *cursor)
        str_printf(why, "need decimal number 0..255 at \"%s\" in \"%s\"", *cursor, whole);
    else if (*value > NUMBER_MAX)
        str_printf(why, "number out of range at \"%s\" in \"%s\"", *cursor, whole);
    else {
        *cursor = at;
        return true;
    }
    return false;
}

static void allow(uint8_t bits[32], unsigned from, unsigned to)
{
    for (unsigned value = from; value <= to; value++)
        bits[value / 8] |= (uint8_t)(1U << (value % 8));
}

/* Behind "[": numbers and ranges up to "]". */
static bool take_choice(const char **cursor, uint8_t bits[32], const char *whole, struct str *why)
{
    for (;;) {
        unsigned from;
        unsigned to;
        if (!take_number(cursor, &from, whole, why))
            return false;
        to = from;
        if (text_starts_with(*cursor, "..")) {
            *cursor += 2;
            if (!take_number(cursor, &to, whole, why))
                return false;
        }
        if (from > to) {
            str_set(why, "");
            str_printf(why, "bad range: %u..%u in \"%s\"", from, to, whole);
            return false;
        }
        allow(bits, from, to);
        char c = **cursor;
        if (c == ']' || c == ';')
            (*cursor)++;
        if (c == ']')
            return true;
        if (c != ';') {
            str_set(why, "");
            str_printf(why, "need \";\" or \"]\" at \"%s\" in \"%s\"", *cursor, whole);
            return false;
        }
    }
}

static bool parse_pattern(const char *text, struct dnsbl_pattern *pattern, struct str *why)
{
    const char *cursor = text;
    unsigned value;

    *pattern = (struct dnsbl_pattern){0};
    for (int i = 0; i < 4; i++) {
        if (i > 0 && *cursor++ != '.') {
            str_set(why, "");
            str_printf(why, "need four numbers or [patterns] separated by \".\" in \"%s\"", text);
            return false;
        }
        if (*cursor == '[') {
            cursor++;
            if (!take_choice(&cursor, pattern->allowed[i], text, why))
                return false;
        } else {
            if (!take_number(&cursor, &value, text, why))
                return false;
            allow(pattern->allowed[i], value, value);
        }
    }
    if (*cursor == '\0')
        return true;
    str_set(why, "");
    str_printf(why, "garbage after pattern: \"%s\" in \"%s\"", cursor, text);
    return false;
}

bool dnsbl_site_parse(const char *text, struct arena *arena, struct dnsbl_site *site, struct str *why)
{
    char *copy = arena_copy_text(arena, text);
    char *weight = strrchr(copy, '*');
    int64_t number = 1;

    *site = (struct dnsbl_site){ .domain = copy, .weight = 1 };
    if (weight != NULL) {
        *weight++ = '\0';
        if (!number_parse_i64(weight, -1000000, 1000000, &number)) {
            str_set(why, "");
            str_printf(why, "bad DNSBL weight factor \"%s\" in \"%s\"", weight, text);
            return false;
        }
        site->weight = (int)number;
    }
    char *filter = strchr(copy, '=');
    if (filter != NULL) {
        *filter++ = '\0';
        site->filtered = true;
        if (!parse_pattern(filter, &site->pattern, why))
            return false;
    }
    if (*copy != '\0')
        return true;
    str_set(why, "");
    str_printf(why, "no DNSBL domain in \"%s\"", text);
    return false;
}

bool dnsbl_site_parse_list(const char *list, struct arena *arena, struct dnsbl_site **sites, size_t *count, struct str *why)
{
    const char *cursor = list;
    const char *word;
    size_t length;
    size_t total = 0;

    while (text_next_word(&cursor, TEXT_LIST_SEPARATORS, &word, &length))
        total++;
    *sites = arena_allocate(arena, (total + 1) * sizeof(**sites));
    *count = 0;
    cursor = list;
    while (text_next_word(&cursor, TEXT_LIST_SEPARATORS, &word, &length)) {
        if (!dnsbl_site_parse(arena_copy_bytes(arena, word, length), arena, &(*sites)[*count], why))
            return false;
        ++*count;
    }
    return true;
}

bool dnsbl_site_matches(const struct dnsbl_site *site, const unsigned char bytes[4])
{
    for (int i = 0; site->filtered && i < 4; i++) {
        if (!(site->pattern.allowed[i][bytes[i] / 8] & (1U << (bytes[i] % 8))))
            return false;
    }
    return true;
}

void dnsbl_site_put_name(const struct ip_address *address, const char *domain, struct str *out)
{
    if (address->family == AF_INET) {
        for (int i = 3; i >= 0; i--)
            str_printf(out, "%d.", address->bytes[i]);
    } else {
        for (int i = 15; i >= 0; i--)
            str_printf(out, "%x.%x.", address->bytes[i] & 15U, address->bytes[i] / 16U);
    }
    str_put(out, domain);
}
