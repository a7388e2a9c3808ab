/* config_computed.h: defaults that are found out when the configuration is loaded: host name, domain, networks, ids. */
#ifndef UTIL_CONFIG_CONFIG_COMPUTED_H
#define UTIL_CONFIG_CONFIG_COMPUTED_H
#include <stdbool.h>

#include "util/config/config_dictionary.h"

/* Puts them into the dictionary, where nobody set the parameter. program: process_name, may be NULL.
 * False: *why names a file or parameter. */
bool config_computed_set(struct config_dictionary *dictionary, const char *program, struct str *why);
#endif
