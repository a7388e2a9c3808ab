/* probe.h: messages that only find out whether an address takes mail: their outcome goes to the verify service. */
#ifndef QMGR_ACTIVE_PROBE_H
#define QMGR_ACTIVE_PROBE_H
#include "qmgr/active/message.h"

/* Whether the message is an address probe (verify(8)). */
bool probe_is_one(const struct message *message);
/* All deliveries are over: tells. */
void probe_report(struct message *message);
#endif
