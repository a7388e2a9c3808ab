/* authorized.h: who may submit mail (authorized_submit_users), and from whom (local_login_sender_maps). */
#ifndef SUBMISSION_AUTHORIZED_H
#define SUBMISSION_AUTHORIZED_H
#include "util/config/config.h"

/* Ends the process with one line and status 75 if the calling user (root, too) may not. sendmail asks for the sake of a clear
 * message, postdrop because it must. */
void authorized_check(const struct config *config, int exit_status);
/* The same for the envelope sender (internal form, "" for none). The tables are asked for the calling user's login name, or for
 * "uid:1234" where that has none; the answer is a list of addresses, @domains, *, and <> for the empty sender. */
void authorized_check_sender(const struct config *config, const char *sender);
#endif
