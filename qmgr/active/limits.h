/* limits.h: the queue manager's numbers from the configuration. */
#ifndef QMGR_ACTIVE_LIMITS_H
#define QMGR_ACTIVE_LIMITS_H
#include "qmgr/active/manager.h"
#include "qmgr/schedule/backoff.h"
#include "qmgr/schedule/schedule.h"
#include "util/config/config.h"

/* A schedule_read_limits; context: struct manager. */
void limits_read(void *context, const char *transport, struct schedule_limits *limits);
/* When failed messages are tried again; values that contradict each other are warned of. */
struct backoff limits_backoff(const struct config *config);
/* maxproc of a service of type unix; 0: no limit. */
int64_t limits_processes(const struct manager *manager, const char *service);
#endif
