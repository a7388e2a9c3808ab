/* config_check.h: what every program refuses to start with, whoever reads it: bad values of global parameters, and users
 * and groups that don't exist or have privileges. */
#ifndef UTIL_CONFIG_CONFIG_CHECK_H
#define UTIL_CONFIG_CONFIG_CHECK_H
#include <stdbool.h>

#include "util/base/str.h"
#include "util/config/config_values.h"
#include "util/config/parameter.h"

/* Whether a bad value of this parameter ends program (NULL: none does). */
bool config_check_counts(const struct parameter *parameter, const char *program);
/* Texts that are more than words: lists of protocols, compatibility levels. */
bool config_check_text(const struct parameter *parameter, const char *text, struct str *why);
/* main_cf: its name for messages. Only for a program, and only as root: an ordinary user's instance has one uid. */
bool config_check_users(const struct config *config, const char *main_cf, const char *program, struct str *why);
#endif
