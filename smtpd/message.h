/* message.h: the message of a transaction on its way into the queue: opened at the first recipient, filled, ended. */
#ifndef SMTPD_MESSAGE_H
#define SMTPD_MESSAGE_H
#include <stdbool.h>

#include "util/mail/verdict.h"

struct session;

/* Gets a place in the queue for it and logs "ID: client=...". code 0: there is one now. */
struct verdict message_open(struct session *session);
/* Whether there is a place for content. */
bool message_is_open(const struct session *session);
/* Content may come: writes the trace header and prepares the transaction's framing. */
void message_start_content(struct session *session);
/* The content is complete: end-of-data restrictions, then the commit. The verdict for the client; ends the transaction, but
 * for one that restrictions refused. chunked: BDAT, whose answers tell the size. */
struct verdict message_end(struct session *session, bool chunked);
#endif
