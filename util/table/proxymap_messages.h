/* proxymap_messages.h: the messages between tables with proxy: and proxymap. */
#ifndef UTIL_TABLE_PROXYMAP_MESSAGES_H
#define UTIL_TABLE_PROXYMAP_MESSAGES_H

/* FIRST and NEXT: entries in the order of the table, for who may change it. The place is the service's, not the connection's: who asks
 * for the next one of a process that was never asked for the first is told that there is none. */
enum proxymap_action {
    PROXYMAP_FIND,
    PROXYMAP_PUT,
    PROXYMAP_PUT_NEW,
    PROXYMAP_REMOVE,
    PROXYMAP_FIRST,
    PROXYMAP_NEXT,
    PROXYMAP_ACTIONS,
};
enum proxymap_result { PROXYMAP_FOUND, PROXYMAP_ABSENT, PROXYMAP_FAILED, PROXYMAP_DUPLICATE, PROXYMAP_DENIED, PROXYMAP_RESULTS };

#define IPC_DEF "util/table/proxymap.def"
#define IPC_SET proxymap
#define IPC_BASE 900
#include "util/ipc/declare.h"
#endif
