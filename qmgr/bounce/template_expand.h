/* template_expand.h: the text of a report template with the values of its $names (bounce(5)). */
#ifndef QMGR_BOUNCE_TEMPLATE_EXPAND_H
#define QMGR_BOUNCE_TEMPLATE_EXPAND_H
#include "qmgr/bounce/template_set.h"
#include "util/base/str.h"
#include "util/config/config.h"

/* Appends the text to *out. False: a name is unknown or not well written; it is left out, and *why says in which line. */
bool template_expand(const struct config *config, const struct template *template, struct str *out, struct str *why);
#endif
