/* agent_messages.h: the messages between the queue manager and delivery agents, or the bounce service. */
#ifndef QMGR_CLIENT_AGENT_MESSAGES_H
#define QMGR_CLIENT_AGENT_MESSAGES_H
#define IPC_DEF "qmgr/client/agent.def"
#define IPC_SET agent
#define IPC_BASE 200
#include "util/ipc/declare.h"
#endif
