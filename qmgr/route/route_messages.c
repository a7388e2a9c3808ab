#include "qmgr/route/route_messages.h"

#define IPC_DEF "qmgr/route/route.def"
#include "util/ipc/define.h"
