/* showq_messages.h: the messages of a queue listing. */
#ifndef QMGR_TOOL_SHOWQ_MESSAGES_H
#define QMGR_TOOL_SHOWQ_MESSAGES_H
#define IPC_DEF "qmgr/tool/showq.def"
#define IPC_SET showq
#define IPC_BASE 300
#include "util/ipc/declare.h"
#endif
