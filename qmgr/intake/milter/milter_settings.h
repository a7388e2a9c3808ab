/* milter_settings.h: one entry of smtpd_milters or non_smtpd_milters: an endpoint, alone or in { } with settings of its own
 * (MILTER_README "Per-Milter settings"); and lists of macros. */
#ifndef QMGR_INTAKE_MILTER_MILTER_SETTINGS_H
#define QMGR_INTAKE_MILTER_MILTER_SETTINGS_H
#include <stdint.h>

#include "qmgr/intake/milter/milter_wire.h"
#include "util/config/config.h"

struct milter_settings {
    const char *endpoint;
    const char *default_action;
    const char *protocol; /* milter_protocol */
    int64_t connect_timeout_s;
    int64_t command_timeout_s;
    int64_t content_timeout_s;
    const char *flaw; /* NULL: none. Text: what the log says when it is used; "": it was said */
    struct milter_settings *next;
};

/* The entries of a list, in order. A bad setting is logged, and the entry then fails whatever it is asked. Texts live in the
 * arena. */
struct milter_settings *milter_settings_parse(const struct config *config, const char *list, struct arena *arena);

/* The configured macro names of a stage. */
const char *milter_settings_macros(const struct config *config, enum milter_stage stage);
/* The value that milter_macro_defaults gives a name (with or without braces), or NULL. */
const char *milter_settings_macro_default(const struct config *config, const char *name, struct arena *arena);
#endif
