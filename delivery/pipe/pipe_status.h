/* pipe_status.h: what the end of a command means for the mail (sysexits.h), and what it printed. Pure. */
#ifndef DELIVERY_PIPE_STATUS_H
#define DELIVERY_PIPE_STATUS_H
#include "qmgr/client/agent.h"
#include "util/sys/child_command.h"

/* Sets code, status and why (in the arena) of *result. command: the program's name; service: as in master.cf. */
void pipe_status_judge(enum child_command_end end, int status, const struct str *output, const char *command,
    const char *service, struct arena *arena, struct agent_result *result);
#endif
