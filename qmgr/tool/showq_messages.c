#include "qmgr/tool/showq_messages.h"

#define IPC_DEF "qmgr/tool/showq.def"
#include "util/ipc/define.h"
