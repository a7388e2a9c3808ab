/* tlsmgr_messages.h: tlsmgr.def as structs and functions. Here and not beside tlsmgr, since the rooms that ask know this one. */
#ifndef MASTER_WORKER_TLSMGR_MESSAGES_H
#define MASTER_WORKER_TLSMGR_MESSAGES_H

enum { TLSMGR_SESSION_BYTES_MAX = 16384, TLSMGR_NAME_BYTES_MAX = 1024 };

#define IPC_DEF "master/worker/tlsmgr.def"
#define IPC_SET tlsmgr
#define IPC_BASE 1000
#include "util/ipc/declare.h"
#endif
