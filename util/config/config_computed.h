/* config_computed.h: defaults that are found out when the configuration is loaded: host name, domain, networks, ids. */
#ifndef UTIL_CONFIG_CONFIG_COMPUTED_H
#define UTIL_CONFIG_CONFIG_COMPUTED_H
#include <stdbool.h>

#include "util/config/config_dictionary.h"

/* Puts them into the dictionary, where nobody set the parameter. program: process_name, may be NULL. */
void config_computed_set(struct config_dictionary *dictionary, const char *program);
/* Debian's convention: a myorigin that starts with a slash names a file whose first line is the value.
 * False: *why names the file. */
bool config_computed_read_files(struct config_dictionary *dictionary, struct str *why);
#endif
