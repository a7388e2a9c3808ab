/* template_parse.h: reads a file of report templates (bounce(5)). */
#ifndef QMGR_BOUNCE_TEMPLATE_PARSE_H
#define QMGR_BOUNCE_TEMPLATE_PARSE_H
#include "qmgr/bounce/template_set.h"
#include "util/base/arena.h"
#include "util/base/str.h"

/* Puts the templates of a file's text in the place of those in *set; name is for messages. A template that isn't good is warned
 * of, and the set's own stays. What is stored lives in the arena. False: the file has no such form at all, and *why names the
 * line; templates before it have been taken. */
bool template_parse(const char *name, const char *text, struct arena *arena, struct template_set *set, struct str *why);
#endif
