#include "qmgr/client/intake_messages.h"

#define IPC_DEF "qmgr/client/intake.def"
#include "util/ipc/define.h"
