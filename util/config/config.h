/* config.h: the loaded configuration: main.cf with the overrides of one master.cf entry, every parameter expanded and
 * checked. Constant once loaded and passed to whoever needs it; tests make their own with config_from_text.
 * Syntax: postconf(5). The parameters are declared once, in util/config/parameters/ (parameter.h). */
#ifndef UTIL_CONFIG_CONFIG_H
#define UTIL_CONFIG_CONFIG_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/base/arena.h"
#include "util/base/str.h"
#include "util/config/config_values.h"

/* Where main.cf is when nobody says otherwise: CONFIG_DIRECTORY, which the Makefile sets from CONFDIR. */

/* A -o name=value. */
struct config_override {
    const char *name;
    const char *value;
};

/* directory: NULL for MAIL_CONFIG or the built-in one. program: whose bad values count ("smtpd"; NULL: nobody's).
 * False: *why is one line that names file and line or the parameter. Unknown names are warned of by posthaste check and by
 * master at start, not here. */
bool config_load(const char *directory, const struct config_override *overrides, size_t override_count,
    const char *program, struct config **config, struct str *why);
/* The same from text in main.cf syntax (tests, built-in defaults for commands without main.cf). */
bool config_from_text(const char *text, const struct config_override *overrides, size_t override_count,
    const char *program, struct config **config, struct str *why);
void config_free(struct config *config);

/* Any name, also user-defined and per-transport ones, expanded; NULL if nobody set it and it has no default. Lives as long
 * as the configuration. */
const char *config_value(const struct config *config, const char *name);
/* Whether main.cf or an override sets it. */
bool config_is_set(const struct config *config, const char *name);
/* Expands $name, ${name}, ${name?x}, ${name:x}, ${name?{x}:{y}}, ${{a} == {b} ? {x} : {y}} and $$ in text from the
 * configuration (never in data). False: *out holds what is wrong. */
bool config_expand(const struct config *config, const char *text, struct str *out);

/* <transport><suffix>, for example ("relay", "_destination_concurrency_limit"): the transport's own value if set, else the
 * default that the suffix declares. */
int64_t config_transport_number(const struct config *config, const char *transport, const char *suffix);

/* lmtp's view: every smtp_NAME gets the value of lmtp_NAME (where that exists). In place, right after loading. */
void config_use_prefix(struct config *config, const char *from_prefix, const char *to_prefix);
#endif
