/* file_value.h: results that name files (postmap -F, tls_server_sni_maps): the files' content is kept in base64 and decoded
 * for each look-up. */
#ifndef UTIL_TABLE_FILE_VALUE_H
#define UTIL_TABLE_FILE_VALUE_H
#include <stdbool.h>

#include "util/base/str.h"

/* Reads the files of a list (commas and white space between them), joined by newlines; their base64 form replaces *base64.
 * False: *why (replaced) is "open NAME: reason" or the like. */
bool file_value_encode(const char *list, struct str *base64, struct str *why);

/* Decodes in place; false: not base64, and *value is as before. */
bool file_value_decode(struct str *value);
#endif
