/* limits.h: the schedule's numbers from the configuration. */
#ifndef QMGR_ACTIVE_LIMITS_H
#define QMGR_ACTIVE_LIMITS_H
#include "qmgr/schedule/backoff.h"
#include "qmgr/schedule/schedule.h"
#include "util/config/config.h"

/* A schedule_read_limits; context: struct manager. */
void limits_read(void *context, const char *transport, struct schedule_limits *limits);
struct backoff limits_backoff(const struct config *config);
#endif
