/* user.h: mail for a local name that is no alias: .forward files, other transports, mailboxes; or nobody. */
#ifndef LOCAL_EXPAND_USER_H
#define LOCAL_EXPAND_USER_H
#include "local/delivery.h"

/* step->user is set; delivery->follow goes on from what .forward files and luser_relay name. */
void user_deliver(struct delivery *delivery, struct step *step);
#endif
