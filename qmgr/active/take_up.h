/* take_up.h: a message becomes active: its recipients are routed, grouped into deliveries, and scheduled. */
#ifndef QMGR_ACTIVE_TAKE_UP_H
#define QMGR_ACTIVE_TAKE_UP_H
#include "qmgr/active/message.h"
#include "qmgr/active/route_asker.h"

/* Logs "from=, size=, nrcpt= (queue active)". The message may be gone afterwards. */
void take_up_message(struct message *message);

/* For the route asker. */
extern const struct route_asker_handlers take_up_handlers;

/* The same as take_up_message for a file that was moved to active/ (for refill): bad ones go to corrupt/. False: it was not
 * taken up. */
bool take_up_file(struct manager *manager, const char *id, bool ignore_defer_transports);

#endif
