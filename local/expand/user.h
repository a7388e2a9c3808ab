/* user.h: mail for a local name that is no alias: .forward files, other transports, mailboxes; or nobody. */
#ifndef LOCAL_EXPAND_USER_H
#define LOCAL_EXPAND_USER_H
#include "local/delivery.h"

void user_deliver(struct delivery *delivery, struct step *step);
#endif
