/* template.h: the words of delivery reports: built in, or from bounce_template_file (bounce(5)). */
#ifndef QMGR_BOUNCE_TEMPLATE_H
#define QMGR_BOUNCE_TEMPLATE_H
#include "qmgr/bounce/template_set.h"
#include "util/base/arena.h"
#include "util/base/str.h"
#include "util/config/config.h"

/* Reads bounce_template_file, if set, on top of the built-in texts. What is wrong with it is logged with the file's name and line,
 * and the built-in texts are used instead. Everything lives in the arena. False: the whole file is of no use. */
bool template_load(const struct config *config, struct arena *arena, struct template_set *set);
/* Reads another file than bounce_template_file. False: *why says why nothing can be made of it. */
bool template_load_file(const char *path, struct arena *arena, struct template_set *set, struct str *why);
/* The name and address for From:, as header_from_format says where the administrator gave none. */
const char *template_from(const struct config *config, const struct template *template);
/* Writes all templates to standard output, as they could stand in a file; expanded: only their texts, with $names expanded
 * (postconf -t and -b). Exits where a $name is unknown. */
void template_dump(const struct config *config, const struct template_set *set, bool expanded);
#endif
