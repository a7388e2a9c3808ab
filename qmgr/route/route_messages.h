/* route_messages.h: the messages between the queue manager and trivial-rewrite. */
#ifndef QMGR_ROUTE_ROUTE_MESSAGES_H
#define QMGR_ROUTE_ROUTE_MESSAGES_H
#define IPC_DEF "qmgr/route/route.def"
#define IPC_SET route
#define IPC_BASE 800
#include "util/ipc/declare.h"
#endif
