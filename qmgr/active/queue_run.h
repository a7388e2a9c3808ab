/* queue_run.h: what is done every queue_run_delay: looking for mail that is due, or that was left behind. */
#ifndef QMGR_ACTIVE_QUEUE_RUN_H
#define QMGR_ACTIVE_QUEUE_RUN_H
#include "qmgr/active/manager.h"

/* The first one is due now; further ones until the process ends, or leaves. */
void queue_run_start(struct manager *manager);
/* Takes over what a predecessor, which went on after a reload, had when it died. Costs nothing when there is none. */
void queue_run_adopt(struct manager *manager);
#endif
