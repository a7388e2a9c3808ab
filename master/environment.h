/* environment.h: the environment that workers start with. */
#ifndef MASTER_ENVIRONMENT_H
#define MASTER_ENVIRONMENT_H
#include "util/config/config.h"

/* Keeps what import_environment names, sets what it gives as name=value, and drops the rest, all in this process. */
void environment_clean(const struct config *config);
/* The same for a list of names and name=value, in Postfix's syntax. */
void environment_keep(const char *list);
#endif
