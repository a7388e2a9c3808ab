/* template.h: the words of delivery reports: built in, or from bounce_template_file (bounce(5)). */
#ifndef QMGR_BOUNCE_TEMPLATE_H
#define QMGR_BOUNCE_TEMPLATE_H
#include "util/base/arena.h"
#include "util/config/config.h"

enum template_kind { TEMPLATE_FAILURE, TEMPLATE_DELAY, TEMPLATE_SUCCESS, TEMPLATE_VERIFY, TEMPLATE_KINDS };

struct template {
    const char *name; /* failure_template ... */
    const char *charset;
    const char *from;
    const char *subject;
    const char *postmaster_subject; /* NULL: none is sent */
    const char *text;               /* lines with LF, $names not yet expanded */
    bool own;                       /* from the administrator's file */
};

struct template_set {
    struct template templates[TEMPLATE_KINDS];
};

/* Reads bounce_template_file, if set, on top of the built-in texts. A file that can't be read or has an error is logged with
 * its name and line, and the built-in texts are used. Everything lives in the arena. False: such an error occurred. */
bool template_load(const struct config *config, struct arena *arena, struct template_set *set);
/* The same from text (name is for messages). */
bool template_parse(const char *name, const char *text, struct arena *arena, struct template_set *set);
/* Reads another file than bounce_template_file. */
bool template_load_file(const char *path, struct arena *arena, struct template_set *set);
/* Writes all templates to standard output, as they could stand in a file; expanded: only their texts, with $names expanded
 * (postconf -t and -b). */
void template_dump(const struct config *config, const struct template_set *set, bool expanded);
/* The text with $name expanded; appended to *out. Unknown names are warned of and left out. */
void template_expand(const struct config *config, const struct template *template, struct str *out);
#endif
