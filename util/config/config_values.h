/* config_values.h: the values of a loaded configuration (config.h). */
#ifndef UTIL_CONFIG_CONFIG_VALUES_H
#define UTIL_CONFIG_CONFIG_VALUES_H
#include <stdbool.h>
#include <stdint.h>

struct config_dictionary; /* name -> raw text, and where it was set */

/* One member per parameter: bool (BOOL), int64_t (COUNT, SIZE in bytes, TIME_* in seconds), const char * (TEXT expanded,
 * RAW unexpanded). */
struct config {
    struct config_dictionary *dictionary;
#include "util/config/config_members.h"
};
#endif
