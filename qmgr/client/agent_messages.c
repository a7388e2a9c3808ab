#include "qmgr/client/agent_messages.h"

#define IPC_DEF "qmgr/client/agent.def"
#include "util/ipc/define.h"
