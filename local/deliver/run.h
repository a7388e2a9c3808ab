/* run.h: gives a message to a command: "|command" in aliases and .forward files, mailbox_command. */
#ifndef LOCAL_DELIVER_RUN_H
#define LOCAL_DELIVER_RUN_H
#include "local/delivery.h"

/* A destination "|command", with the step's rights. Reports. */
void run_destination(struct delivery *delivery, const struct step *step, const char *command);
/* mailbox_command, as the step's account. Reports. */
void run_mailbox_command(struct delivery *delivery, const struct step *step, const char *command);
#endif
