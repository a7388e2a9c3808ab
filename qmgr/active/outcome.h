/* outcome.h: what becomes of deliveries and, when a message's last one is over, of the message: notices for the
 * sender, removal, another attempt. */
#ifndef QMGR_ACTIVE_OUTCOME_H
#define QMGR_ACTIVE_OUTCOME_H
#include "qmgr/active/agent_pool.h"
#include "qmgr/active/message.h"

/* For the agent pool. */
extern const struct agent_pool_handlers outcome_handlers;

/* No delivery of the message is left: the next step in its life. */
void outcome_message(struct message *message);
#endif
