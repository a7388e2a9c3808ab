#include "util/config/value.h"

#include <limits.h>

#include "util/base/number.h"
#include "util/base/text.h"

bool value_is_number(enum parameter_type type)
{
    return type != PARAMETER_TEXT && type != PARAMETER_RAW;
}

/* The unit of a number without one; 0: not a time. */
static char time_unit(enum parameter_type type)
{
    switch (type) {
    case PARAMETER_TIME_S:
        return 's';
    case PARAMETER_TIME_M:
        return 'm';
    case PARAMETER_TIME_H:
        return 'h';
    case PARAMETER_TIME_D:
        return 'd';
    case PARAMETER_TIME_W:
        return 'w';
    case PARAMETER_BOOL:
    case PARAMETER_COUNT:
    case PARAMETER_SIZE:
    case PARAMETER_TEXT:
    case PARAMETER_RAW:
        return '\0';
    }
    return '\0';
}

static bool parse_bool(const char *name, const char *text, int64_t *value, struct str *why)
{
    if (text_equal_nocase(text, "yes") || text_equal_nocase(text, "no")) {
        *value = text_equal_nocase(text, "yes");
        return true;
    }
    str_clear(why);
    str_printf(why, "bad boolean configuration: %s = %s", name, text);
    return false;
}

static bool check_time(const struct parameter *parameter, const char *name, int64_t value, struct str *why)
{
    if (!parameter->range.limited || (value >= parameter->range.min && value <= parameter->range.max))
        return true;
    str_clear(why);
    if (value < parameter->range.min)
        str_printf(why, "invalid %s: %lld (min %lld)", name, (long long)value, (long long)parameter->range.min);
    else
        str_printf(why, "invalid %s: %lld (max %lld)", name, (long long)value, (long long)parameter->range.max);
    return false;
}

static bool check_number(const struct parameter *parameter, const char *name, int64_t value, struct str *why)
{
    if (!parameter->range.limited || (value >= parameter->range.min && value <= parameter->range.max))
        return true;
    str_clear(why);
    if (value < parameter->range.min)
        str_printf(why, "invalid %s parameter value %lld < %lld", name, (long long)value, (long long)parameter->range.min);
    else
        str_printf(why, "invalid %s parameter value %lld > %lld", name, (long long)value, (long long)parameter->range.max);
    return false;
}

bool value_parse_number(const struct parameter *parameter, const char *name, const char *text, int64_t *value,
    struct str *why)
{
    char unit = time_unit(parameter->type);

    if (parameter->type == PARAMETER_BOOL)
        return parse_bool(name, text, value, why);
    if (unit != '\0') {
        if (number_parse_time(text, unit, value) && *value <= INT_MAX)
            return check_time(parameter, name, *value, why);
        str_clear(why);
        str_printf(why, "parameter %s: bad time value or unit: %s", name, text);
        return false;
    }
    int64_t most = parameter->type == PARAMETER_COUNT ? INT_MAX : INT64_MAX;
    if (number_parse_i64(text, -most, most, value))
        return check_number(parameter, name, *value, why);
    str_clear(why);
    str_printf(why, "bad numerical configuration: %s = %s", name, text);
    return false;
}

bool value_check_text(const struct parameter *parameter, const char *name, const char *text, struct str *why)
{
    if (parameter->range.nonempty && *text == '\0') {
        str_clear(why);
        str_printf(why, "bad string length 0 < 1: %s = ", name);
        return false;
    }
    if (parameter->range.absolute && *text != '/') {
        str_clear(why);
        str_printf(why, "bad parameter value: %s = %s (it must begin with /)", name, text);
        return false;
    }
    if (parameter->range.words == NULL || text_list_has_nocase(parameter->range.words, text)
        || (*text == '\0' && parameter->value != NULL && *parameter->value == '\0'))
        return true;
    str_clear(why);
    str_printf(why, "bad parameter value: %s = %s (expected one of: %s)", name, text, parameter->range.words);
    return false;
}
