#include "qmgr/client/delivery_log.h"

#include <string.h>

#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/address.h"

/* Set once per process, before its first line. */
static struct {
    int resolution_limit;
    bool internal;
} options = { 2, false };

void delivery_log_set(int64_t resolution_limit, const char *address_format)
{
    options.resolution_limit = resolution_limit < 0 ? 0 : resolution_limit > 6 ? 6 : (int)resolution_limit;
    options.internal = text_equal_nocase(address_format, "internal");
}

/* The length of "@a,@b:" in "@a,@b:c@d", or 0. */
static size_t route_length(const char *address)
{
    size_t length = address[0] == '@' ? strcspn(address, ": \t\"\\<>()") : 0;

    return length > 0 && address[length] == ':' && strchr(address + length, '@') != NULL ? length + 1 : 0;
}

void delivery_log_put_address(struct str *out, const char *address)
{
    if (options.internal) {
        str_put(out, address);
    } else {
        size_t route = route_length(address);
        str_put_bytes(out, address, route);
        address_quote(address + route, out);
    }
}

void delivery_log_put_delay(struct str *out, int64_t microseconds, int resolution_limit)
{
    static const int64_t powers[] = { 1000000, 100000, 10000, 1000, 100, 10, 1 };
    int64_t value = microseconds < 0 ? 0 : microseconds;
    int decimals = 0;

    /* 10 s and more need none for two digits; below, one more for each leading zero. */
    if (value < 10000000) {
        decimals = 1;
        for (int64_t bound = 1000000; decimals < resolution_limit && value < bound && bound > 10; bound /= 10)
            decimals++;
    }
    if (decimals > resolution_limit)
        decimals = resolution_limit;
    int64_t unit = powers[decimals];
    int64_t rounded = (value + unit / 2) / unit;
    while (decimals > 0 && rounded % 10 == 0) {
        rounded /= 10;
        decimals--;
    }
    int64_t whole = powers[0] / powers[decimals];
    str_printf(out, "%lld", (long long)(rounded / whole));
    if (decimals > 0)
        str_printf(out, ".%0*lld", decimals, (long long)(rounded % whole));
}

static void put_delays(struct str *out, const struct delivery_log *line)
{
    int64_t connected_us = line->connected_us == 0 ? line->received_us : line->connected_us;
    const int64_t moments[] = { line->arrival_us, line->active_us, line->received_us, connected_us, line->now_us };

    str_put(out, ", delay=");
    delivery_log_put_delay(out, line->now_us - line->arrival_us, options.resolution_limit);
    for (int i = 0; i < 4; i++) {
        str_put(out, i == 0 ? ", delays=" : "/");
        delivery_log_put_delay(out, moments[i + 1] - moments[i], options.resolution_limit);
    }
}

void delivery_log(const struct delivery_log *line)
{
    struct str out = {0};

    str_printf(&out, "%s: to=<", line->queue_id);
    delivery_log_put_address(&out, line->to);
    if (line->original != NULL && *line->original != '\0' && !text_equal_nocase(line->original, line->to)) {
        str_put(&out, ">, orig_to=<");
        delivery_log_put_address(&out, line->original);
    }
    str_printf(&out, ">, relay=%s", line->relay == NULL ? "none" : line->relay);
    if (line->connection_use > 1)
        str_printf(&out, ", conn_use=%d", line->connection_use);
    put_delays(&out, line);
    str_printf(&out, ", dsn=%s, status=%s (%s)", line->dsn, line->status, line->why);
    log_info("%s", str_text(&out));
    str_free(&out);
}
