/* intake_messages.h: the messages between intake workers and the queue manager. */
#ifndef QMGR_CLIENT_INTAKE_MESSAGES_H
#define QMGR_CLIENT_INTAKE_MESSAGES_H
#define IPC_DEF "qmgr/client/intake.def"
#define IPC_SET intake
#define IPC_BASE 100
#include "util/ipc/declare.h"
#endif
