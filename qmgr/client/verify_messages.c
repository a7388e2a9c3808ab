#include "qmgr/client/verify_messages.h"

#define IPC_DEF "qmgr/client/verify.def"
#include "util/ipc/define.h"
