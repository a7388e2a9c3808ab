/* pipe_arguments.h: the command's arguments, macros replaced (pipe(8)). No shell and no second look: what comes from outside
 * stays one argument, whatever is in it. An argument that speaks of a recipient is repeated for each. */
#ifndef DELIVERY_PIPE_ARGUMENTS_H
#define DELIVERY_PIPE_ARGUMENTS_H
#include "delivery/pipe/pipe_attributes.h"
#include "qmgr/client/agent.h"

/* Arguments for all targets of the order, ending with NULL, in the order's arena. NULL: *unknown is the name of a macro that
 * doesn't exist. delimiters: recipient_delimiter. */
char **pipe_arguments_expand(const struct pipe_attributes *attributes, const struct order *order, const char *delimiters,
    const char **unknown);

/* The sender as the command sees it: null_sender for the null one. */
const char *pipe_arguments_sender(const struct pipe_attributes *attributes, const struct order *order);
#endif
