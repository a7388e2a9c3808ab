/* drop.h: intake without rights on the queue (sendmail -bs): the message goes to postdrop(1) as it is, and whoever takes it up
 * from there does the rest. */
#ifndef QMGR_INTAKE_DROP_H
#define QMGR_INTAKE_DROP_H
#include <stdbool.h>
#include <stddef.h>

#include "util/mail/verdict.h"

struct intake_message;

/* Starts postdrop; the message gets its queue id. False: *why is a 4xx. */
bool drop_begin(struct intake_message *message, struct verdict *why);
void drop_text(struct intake_message *message, const char *bytes, size_t length, bool line_end);
/* Hands the message over; a failure is the message's. */
void drop_end(struct intake_message *message);
void drop_cancel(struct intake_message *message);
#endif
