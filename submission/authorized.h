/* authorized.h: who may submit mail (authorized_submit_users). */
#ifndef SUBMISSION_AUTHORIZED_H
#define SUBMISSION_AUTHORIZED_H
#include "util/config/config.h"

/* Ends the process with one line and status 75 if the calling user (root, too) may not. sendmail asks for the sake of a clear
 * message, postdrop because it must. */
void authorized_check(const struct config *config);
#endif
