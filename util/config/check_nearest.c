#include "util/config/check.h"

#include <string.h>


#define LONGEST 80

static size_t least(size_t a, size_t b, size_t c)
{
    size_t two = a < b ? a : b;

    return two < c ? two : c;
}

/* Edit distance: insertions, removals, replacements; neighbours that changed places count once. */
static size_t distance(const char *left, size_t left_length, const char *right, size_t right_length)
{
    size_t rows[3][LONGEST + 1];

    for (size_t j = 0; j <= right_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= left_length; i++) {
        size_t *now = rows[i % 3];
        const size_t *before = rows[(i + 2) % 3];
        now[0] = i;
        for (size_t j = 1; j <= right_length; j++) {
            now[j] = least(now[j - 1] + 1, before[j] + 1, before[j - 1] + (left[i - 1] != right[j - 1]));
            if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1]
                && rows[(i + 1) % 3][j - 2] + 1 < now[j])
                now[j] = rows[(i + 1) % 3][j - 2] + 1;
        }
    }
    return rows[left_length % 3][right_length];
}

const char *check_nearest(const char *name)
{
    const char *nearest = NULL;
    size_t length = strlen(name);

    if (length > LONGEST)
        return NULL;
    /* A name that differs in more than a quarter is another word. */
    size_t best = length / 4 + 1;
    if (best > 6)
        best = 6;
    for (size_t row = 0; row < parameter_count; row++) {
        const char *known = parameter_table[row].name;
        size_t known_length = strlen(known);
        if (known_length > LONGEST || known_length > length + best || length > known_length + best)
            continue;
        size_t found = distance(name, length, known, known_length);
        if (found < best) {
            best = found;
            nearest = known;
        }
    }
    return nearest;
}
