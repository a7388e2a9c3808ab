/* value.h: the typed value of a parameter from its expanded text; errors in Postfix's words. */
#ifndef UTIL_CONFIG_VALUE_H
#define UTIL_CONFIG_VALUE_H
#include <stdbool.h>
#include <stdint.h>

#include "util/base/str.h"
#include "util/config/parameter.h"

/* BOOL: 0 or 1; times: seconds. name: the one to tell (a transport parameter's whole name). Checks the range too. */
bool value_parse_number(const struct parameter *parameter, const char *name, const char *text, int64_t *value,
    struct str *why);
/* TEXT and RAW: the range. */
bool value_check_text(const struct parameter *parameter, const char *name, const char *text, struct str *why);
bool value_is_number(enum parameter_type type);
#endif
