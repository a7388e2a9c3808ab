/* forwarding.h: mail that goes on to others is put into the queue as a new message, so that each of them has a record of its
 * own there. One new message per sender and Delivered-To: address. */
#ifndef LOCAL_DELIVER_FORWARDING_H
#define LOCAL_DELIVER_FORWARDING_H
#include "local/delivery.h"

/* Notes that the message shall go to step's recipient, with its sender. Texts must live as long as the order. */
void forwarding_add(struct delivery *delivery, const struct step *step);
/* Queues the new messages, and reports each on behalf of the step that the recipient began with. */
void forwarding_finish(struct delivery *delivery, const struct step *origin);
#endif
