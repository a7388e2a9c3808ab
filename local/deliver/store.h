/* store.h: puts a message into a user's mailbox, or into a file that an alias names. */
#ifndef LOCAL_DELIVER_STORE_H
#define LOCAL_DELIVER_STORE_H
#include "local/delivery.h"

/* home_mailbox or mail_spool_directory; the step has an account. Reports. */
void store_in_mailbox(struct delivery *delivery, const struct step *step);
/* A destination "/file" or "/maildir/" with the step's rights. Reports. */
void store_in_file(struct delivery *delivery, const struct step *step, const char *path);
#endif
