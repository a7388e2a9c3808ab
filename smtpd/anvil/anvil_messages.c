#include "smtpd/anvil/anvil_messages.h"

#define IPC_DEF "smtpd/anvil/anvil.def"
#include "util/ipc/define.h"
