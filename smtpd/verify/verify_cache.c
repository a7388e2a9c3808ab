#include "smtpd/verify/verify_cache.h"

#include <string.h>

#include "util/base/number.h"

enum { PROBE_PATIENCE_S = 1000, TEXT_BYTES_MAX = 2000 };

/* Takes the number in front of the next colon. */
static bool take_number(const char **cursor, int64_t max, int64_t *number)
{
    char digits[24];
    size_t length = strcspn(*cursor, ":");

    if (length == 0 || length >= sizeof(digits) || (*cursor)[length] != ':')
        return false;
    memcpy(digits, *cursor, length);
    digits[length] = '\0';
    *cursor += length + 1;
    return number_parse_i64(digits, 0, max, number);
}

bool verify_entry_parse(const char *value, struct verify_entry *entry)
{
    int64_t state;

    if (!take_number(&value, VERIFY_STATES - 1, &state) || !take_number(&value, INT64_MAX / 4, &entry->probed_s)
        || !take_number(&value, INT64_MAX / 4, &entry->updated_s))
        return false;
    entry->state = (enum verify_state)state;
    str_set(&entry->text, value);
    return true;
}

void verify_entry_put(const struct verify_entry *entry, struct str *out)
{
    str_printf(out, "%d:%lld:%lld:%s", (int)entry->state, (long long)entry->probed_s, (long long)entry->updated_s,
        str_text(&entry->text));
}

bool verify_entry_has_expired(const struct config *config, const struct verify_entry *entry, int64_t now_s)
{
    switch (entry->state) {
    case VERIFY_OK:
        return entry->updated_s + config->address_verify_positive_expire_time < now_s;
    case VERIFY_DEFER:
    case VERIFY_BOUNCE:
        return entry->updated_s + config->address_verify_negative_expire_time < now_s;
    default:
        return entry->probed_s + PROBE_PATIENCE_S < now_s;
    }
}

bool verify_entry_wants_probe(const struct config *config, const struct verify_entry *entry, int64_t now_s)
{
    int64_t refresh_s = entry->state == VERIFY_OK ? config->address_verify_positive_refresh_time
                                                  : config->address_verify_negative_refresh_time;

    if (now_s - entry->probed_s <= PROBE_PATIENCE_S)
        return false;
    return entry->state == VERIFY_PENDING || entry->updated_s + refresh_s < now_s;
}

bool verify_entry_update(const struct config *config, struct verify_entry *entry, enum verify_state state, const char *text,
    int64_t now_s)
{
    bool was_good = entry->state == VERIFY_OK && entry->updated_s != 0;

    entry->probed_s = 0;
    /* An address that was good stays so until that expires: its host may only be out of order. */
    if (state != VERIFY_OK && (was_good || !config->address_verify_negative_cache))
        return false;
    entry->state = state;
    entry->updated_s = now_s;
    str_clear(&entry->text);
    str_put_bytes(&entry->text, text, strnlen(text, TEXT_BYTES_MAX));
    return true;
}
