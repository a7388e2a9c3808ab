/* compose.h: reads a message from a user and hands it, with its envelope, to postdrop. */
#ifndef SUBMISSION_COMPOSE_H
#define SUBMISSION_COMPOSE_H
#include "submission/sendmail_options.h"
#include "util/config/config.h"

/* Submits one message from standard input (nothing is read for -bv). Returns when it is in maildrop, on disk; ends the process with
 * one line and status 75 otherwise. */
void compose_submit(const struct config *config, const struct sendmail_options *options);
#endif
