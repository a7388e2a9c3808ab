#include "util/table/proxymap_messages.h"

#define IPC_DEF "util/table/proxymap.def"
#include "util/ipc/define.h"
