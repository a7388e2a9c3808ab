/* postconf_state.h: what the parts of postconf share: options of the command line and the files as read. */
#ifndef UTIL_TOOL_POSTCONF_STATE_H
#define UTIL_TOOL_POSTCONF_STATE_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/arena.h"
#include "util/config/check.h"
#include "util/config/config_dictionary.h"
#include "util/config/master_cf.h"

enum postconf_class { POSTCONF_BUILTIN = 1, POSTCONF_SERVICE = 2, POSTCONF_USER = 4, POSTCONF_ALL = 7 };

struct postconf {
    bool options[128]; /* by letter */
    unsigned classes;  /* -C */
    const char *directory;
    bool directory_was_given; /* by -c or MAIL_CONFIG */
    const char *main_cf; /* file names, for messages too */
    const char *master_cf_file;
    struct config_override *overrides; /* -o */
    size_t override_count;
    char **names; /* the rest of the command line */
    size_t name_count;

    struct arena *arena;
    struct config_dictionary *dictionary;
    struct master_cf *master_cf; /* NULL: there is none */
    struct check *check;
};

/* Reads the files and warns of what is wrong with them. Ends the process if they can't be read. */
void postconf_state_load(struct postconf *postconf, bool needs_master_cf);
/* Afterwards: names that nobody uses. with_main_cf: not only those of master.cf. */
void postconf_state_warn_unused(const struct postconf *postconf, bool with_main_cf);
void postconf_state_free(struct postconf *postconf);
#endif
