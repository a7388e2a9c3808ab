#include "master/worker/tlsmgr_messages.h"

#define IPC_DEF "master/worker/tlsmgr.def"
#include "util/ipc/define.h"
