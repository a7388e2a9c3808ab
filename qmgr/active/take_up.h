/* take_up.h: a message becomes active: its recipients are routed, grouped into deliveries, and scheduled. */
#ifndef QMGR_ACTIVE_TAKE_UP_H
#define QMGR_ACTIVE_TAKE_UP_H
#include "qmgr/active/message.h"
#include "qmgr/route/route.h"

/* Logs "from=, size=, nrcpt= (queue active)". The message may be gone afterwards. */
void take_up_message(struct message *message);

/* The answer to a question that was put to the route asker. Texts live in the message's arena. */
void take_up_routed(struct message *message, size_t index, enum route_result result, const struct route *route);
/* Schedules the recipients whose route is known, while others' are still being looked up. */
void take_up_release(struct message *message);

/* The same for a file that was moved to active/: bad ones go to corrupt/. False: it was not taken up. */
bool take_up_file(struct manager *manager, const char *id, bool ignore_defer_transports);

/* One that can't be read: to corrupt/, with one warning. */
void take_up_corrupt(struct manager *manager, enum queue queue, const char *id, const char *why);
#endif
