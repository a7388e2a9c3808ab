#include "smtpd/screen/dnsblog_messages.h"

#define IPC_DEF "smtpd/screen/dnsblog.def"
#include "util/ipc/define.h"
