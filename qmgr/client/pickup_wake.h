/* pickup_wake.h: tells the pickup service that something may lie in maildrop. The working directory is the queue's. */
#ifndef QMGR_CLIENT_PICKUP_WAKE_H
#define QMGR_CLIENT_PICKUP_WAKE_H
#include "util/config/config.h"

/* When the mail system is down nothing happens: what lies there waits. */
void pickup_wake(const struct config *config);
#endif
