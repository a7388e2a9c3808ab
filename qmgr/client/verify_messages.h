/* verify_messages.h: verify.def as structs and functions. */
#ifndef QMGR_CLIENT_VERIFY_MESSAGES_H
#define QMGR_CLIENT_VERIFY_MESSAGES_H

/* The numbers are those of Postfix's cache entries. */
enum verify_state { VERIFY_OK, VERIFY_DEFER, VERIFY_BOUNCE, VERIFY_PENDING, VERIFY_STATES };

#define ATTRIBUTE_PROBE_TOKEN "probe_token" /* envelope: its outcome goes to the verify service, to nobody else */

#define IPC_DEF "qmgr/client/verify.def"
#define IPC_SET verify
#define IPC_BASE 700
#include "util/ipc/declare.h"
#endif
