/* dnsblog_messages.h: the messages between postscreen and dnsblog. */
#ifndef SMTPD_SCREEN_DNSBLOG_MESSAGES_H
#define SMTPD_SCREEN_DNSBLOG_MESSAGES_H
#define IPC_DEF "smtpd/screen/dnsblog.def"
#define IPC_SET dnsblog
#define IPC_BASE 1100
#include "util/ipc/declare.h"
#endif
