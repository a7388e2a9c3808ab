#include "util/net/octet_pattern.h"

#include <string.h>

#include "util/base/text.h"

struct parsing {
    const char *text;
    const char *at;
    struct str *why;
};

/* Shows how far the text was understood. */
static bool complain(const struct parsing *parsing, const char *what)
{
    const char *rest = *parsing->at == '\0' ? parsing->at : parsing->at + 1;

    str_clear(parsing->why);
    str_printf(parsing->why, "%s at \"", what);
    str_put_bytes(parsing->why, parsing->text, (size_t)(rest - parsing->text));
    str_printf(parsing->why, ">%s<\"", rest);
    return false;
}

static bool take_number(struct parsing *parsing, unsigned *number)
{
    unsigned value = 0;
    const char *start = parsing->at;

    while (text_is_digit(*parsing->at) && value < 1000)
        value = value * 10 + (unsigned)(*parsing->at++ - '0');
    if (parsing->at == start)
        return complain(parsing, "need decimal number");
    if (value > 255)
        return complain(parsing, "bad numerical value");
    *number = value;
    return true;
}

static void allow(uint64_t allowed[4], unsigned first, unsigned last)
{
    for (unsigned i = first; i <= last; i++)
        allowed[i / 64] |= (uint64_t)1 << (i % 64);
}

/* "1", "1..5". */
static bool take_range(struct parsing *parsing, uint64_t allowed[4])
{
    unsigned first;
    unsigned last;

    if (!take_number(parsing, &first))
        return false;
    last = first;
    if (text_starts_with(parsing->at, "..")) {
        parsing->at += 2;
        if (!take_number(parsing, &last))
            return false;
        if (last < first)
            return complain(parsing, "bad range");
    }
    allow(allowed, first, last);
    return true;
}

static bool take_octet(struct parsing *parsing, uint64_t allowed[4])
{
    unsigned number;

    if (*parsing->at != '[') {
        if (!take_number(parsing, &number))
            return false;
        allow(allowed, number, number);
        return true;
    }
    do {
        parsing->at++;
        if (!take_range(parsing, allowed))
            return false;
    } while (*parsing->at == ';');
    if (*parsing->at != ']')
        return complain(parsing, "need \";\" or \"]\"");
    parsing->at++;
    return true;
}

bool octet_pattern_parse(const char *text, struct octet_pattern *pattern, struct str *why)
{
    struct parsing parsing = { .text = text, .at = text, .why = why };

    *pattern = (struct octet_pattern){0};
    if (*text == '\0') {
        str_set(why, "empty address pattern");
        return false;
    }
    for (int i = 0; i < 4; i++) {
        if (i > 0 && *parsing.at != '.')
            return complain(&parsing, "need \".\"");
        parsing.at += i > 0;
        if (!take_octet(&parsing, pattern->allowed[i]))
            return false;
    }
    return *parsing.at == '\0' || complain(&parsing, "garbage after pattern");
}

bool octet_pattern_matches(const struct octet_pattern *pattern, const unsigned char octets[4])
{
    for (int i = 0; i < 4; i++) {
        if ((pattern->allowed[i][octets[i] / 64] >> (octets[i] % 64) & 1) == 0)
            return false;
    }
    return true;
}
