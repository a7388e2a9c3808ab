/* dialogue_command.h: the commands of postscreen's own SMTP engine. */
#ifndef SMTPD_SCREEN_DIALOGUE_COMMAND_H
#define SMTPD_SCREEN_DIALOGUE_COMMAND_H
#include "smtpd/screen/dialogue_state.h"

/* Whether the verb is one of SMTP's that this engine knows; *name is its constant form. */
bool dialogue_command_is_known(const char *verb, const char **name);
/* Answers one command. False: that was the end, the connection must be closed. */
bool dialogue_command_run(struct dialogue *dialogue, const char *verb, const char *arguments);
#endif
