/* anvil_messages.h: anvil.def as structs and functions. */
#ifndef SMTPD_ANVIL_ANVIL_MESSAGES_H
#define SMTPD_ANVIL_ANVIL_MESSAGES_H

enum anvil_kind { ANVIL_CONNECT, ANVIL_MAIL, ANVIL_RCPT, ANVIL_TLS, ANVIL_AUTH, ANVIL_KINDS, ANVIL_DISCONNECT };

#define IPC_DEF "smtpd/anvil/anvil.def"
#define IPC_SET anvil
#define IPC_BASE 600
#include "util/ipc/declare.h"
#endif
