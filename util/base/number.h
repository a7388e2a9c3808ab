/* number.h: numbers from text, checked. */
#ifndef UTIL_BASE_NUMBER_H
#define UTIL_BASE_NUMBER_H
#include <stdbool.h>
#include <stdint.h>

/* Decimal digits only, no sign, no blanks; false on anything else or above max. */
bool number_parse_u64(const char *text, uint64_t max, uint64_t *value);
/* An optional '-', decimal digits; false on anything else or outside min..max. */
bool number_parse_i64(const char *text, int64_t min, int64_t max, int64_t *value);
/* A time as main.cf writes it: digits and one of s m h d w (default_unit if none; '\0': a unit is required).
 * Seconds; false on bad syntax or overflow. */
bool number_parse_time(const char *text, char default_unit, int64_t *seconds);
#endif
