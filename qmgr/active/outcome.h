/* outcome.h: what becomes of deliveries and, when a message's last one is over, of the message: notices for the
 * sender, removal, another attempt. */
#ifndef QMGR_ACTIVE_OUTCOME_H
#define QMGR_ACTIVE_OUTCOME_H
#include "qmgr/active/delivery.h"
#include "qmgr/active/manager.h"

/* The agent finished its order. The delivery is over; the message may be freed. */
void outcome_finished(struct delivery *delivery, const struct agent_finished *finished);
/* The agent's connection ended in the middle of the order. */
void outcome_agent_lost(struct delivery *delivery, const char *error);
/* The message's file couldn't be opened for a delivery that was about to start. */
void outcome_file_lost(struct delivery *delivery, int error);
/* Nobody answers at the transport's socket: everything that waits for it is deferred. Takes the delivery that was
 * to start. */
void outcome_transport_lost(struct delivery *delivery, const char *error);

/* No delivery of the message is left: the next step in its life. */
void outcome_message(struct message *message);
#endif
