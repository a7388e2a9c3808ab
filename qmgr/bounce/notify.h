/* notify.h: which reports an order calls for: to the sender, to the postmaster, none (bounce(8), notify_classes). */
#ifndef QMGR_BOUNCE_NOTIFY_H
#define QMGR_BOUNCE_NOTIFY_H
#include "qmgr/bounce/template.h"
#include "qmgr/client/agent.h"
#include "qmgr/intake/intake.h"

/* Sends all that order->kind ("bounce", "delay", "success", "trace") asks for. False: *why; the order is to be repeated. */
bool notify_run(const struct config *config, const struct template_set *templates, struct intake *intake,
    struct order *order, struct verdict *why);
#endif
