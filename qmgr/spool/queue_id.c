#include "qmgr/spool/queue_id.h"

#include <stdio.h>
#include <string.h>

#include "util/base/text.h"

/* No vowels: no words arise. The last one separates the parts of a long id and is no digit of the inode. */
static const char digits[] = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";

enum { BASE_TIME = 52, BASE_INODE = 51, SECONDS_DIGITS = 6, MICROSECONDS_DIGITS = 4 };

static void put_number(struct str *out, uint64_t value, unsigned base, size_t least)
{
    char reversed[64];
    size_t count = 0;

    for (; value > 0; value /= base)
        reversed[count++] = digits[value % base];
    for (size_t i = count; i < least; i++)
        str_put_char(out, digits[0]);
    while (count > 0)
        str_put_char(out, reversed[--count]);
}

void queue_id_make(struct str *id, int64_t now_us, uint64_t inode, bool long_form)
{
    uint64_t seconds = (uint64_t)now_us / 1000000;
    uint64_t microseconds = (uint64_t)now_us % 1000000;

    str_clear(id);
    if (!long_form) {
        str_printf(id, "%05llX%llX", (unsigned long long)microseconds, (unsigned long long)inode);
        return;
    }
    put_number(id, seconds, BASE_TIME, SECONDS_DIGITS);
    put_number(id, microseconds, BASE_TIME, MICROSECONDS_DIGITS);
    str_put_char(id, 'z');
    put_number(id, inode, BASE_INODE, 1);
}

bool queue_id_is_valid(const char *id)
{
    size_t length = strnlen(id, QUEUE_ID_BYTES_MAX + 1);

    if (length == 0 || length > QUEUE_ID_BYTES_MAX)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!text_is_alnum(id[i]))
            return false;
    }
    return true;
}

bool queue_id_is_long(const char *id)
{
    const char *separator = strrchr(id, 'z'); /* the time may have one, too */

    return separator != NULL && separator - id >= SECONDS_DIGITS + MICROSECONDS_DIGITS;
}

static unsigned long microseconds_of(const char *id)
{
    const char *start = strrchr(id, 'z') - MICROSECONDS_DIGITS;
    unsigned long value = 0;

    for (size_t i = 0; i < MICROSECONDS_DIGITS; i++) {
        const char *digit = strchr(digits, start[i]);
        value = value * BASE_TIME + (digit == NULL ? 0 : (unsigned long)(digit - digits));
    }
    return value;
}

char queue_id_hash_character(const char *id, unsigned level)
{
    char hex[24];

    if (queue_id_is_long(id)) {
        (void)snprintf(hex, sizeof(hex), "%05lX", microseconds_of(id)); /* 24 bytes are always enough */
        id = hex;
    }
    return level < strlen(id) ? id[level] : '_';
}
