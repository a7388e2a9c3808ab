/* postconf_print.h: how postconf writes values and entries of master.cf, and folds long lines. */
#ifndef UTIL_TOOL_POSTCONF_PRINT_H
#define UTIL_TOOL_POSTCONF_PRINT_H
#include <stdbool.h>

#include "util/base/str.h"
#include "util/config/master_cf.h"
#include "util/tool/postconf_state.h"

/* "name = value" as -h, -H, -x and -f have it, to standard output. entry: whose overrides $name sees; or NULL. Ends the
 * process if -x is impossible. */
void postconf_print_parameter(const struct postconf *postconf, const struct master_cf_entry *entry, const char *name,
    const char *value);
/* The same for the command of an entry with its arguments, of which -x expands the -o values. */
void postconf_print_command(const struct postconf *postconf, const struct master_cf_entry *entry, const char *name);
/* Appends a line, or several if folded, without line end. expander: NULL, or whose main.cf -x uses. */
void postconf_print_entry(const struct master_cf_entry *entry, bool folded, const struct postconf *expander,
    struct str *out);
#endif
