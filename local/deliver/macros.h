/* macros.h: $user, $home, $extension and the like in parameters that are filled in per delivery (forward_path, luser_relay,
 * command_execution_directory). */
#ifndef LOCAL_DELIVER_MACROS_H
#define LOCAL_DELIVER_MACROS_H
#include "local/delivery.h"

/* What was found in a text. */
struct macros_use {
    bool extension;   /* the address extension was filled in */
    bool lacks_value; /* something that the step doesn't have was to be filled in */
};

/* Appends text with names filled in. filter: the characters that a value may have; others become '_'; NULL: any. False: the
 * parameter has a bad form (a warning was logged). use may be NULL. */
bool macros_expand(const struct delivery *delivery, const struct step *step, const char *text, const char *filter, struct str *out,
    struct macros_use *use);

/* Replaces what isn't in filter by '_', in place. */
void macros_filter(char *text, const char *filter);
#endif
