/* milter_apply.h: what a filter decided happens to the message, and is logged. */
#ifndef QMGR_INTAKE_MILTER_MILTER_APPLY_H
#define QMGR_INTAKE_MILTER_MILTER_APPLY_H
#include <stdbool.h>

#include "qmgr/intake/milter/milter.h"
#include "qmgr/intake/state.h"

/* Logs "ID: milter-reject: STAGE from ...", and does what a filter decided. False: nothing more is to be asked. */
bool milter_apply(struct intake_message *message, const char *stage, const struct milter_decision *decision);
/* Puts the message on hold, and logs that the first time. */
void milter_apply_hold(struct intake_message *message, const char *stage);
#endif
