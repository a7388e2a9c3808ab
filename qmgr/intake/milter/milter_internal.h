/* milter_internal.h: non_smtpd_milters: mail that didn't come by SMTP is shown to filters as if this machine had sent it by
 * SMTP (MILTER_README "Non-SMTP-only Milter applications"). */
#ifndef QMGR_INTAKE_MILTER_MILTER_INTERNAL_H
#define QMGR_INTAKE_MILTER_MILTER_INTERNAL_H
#include <stdbool.h>

#include "qmgr/intake/state.h"

/* Whether such filters are to see this message. */
bool milter_internal_applies_to(const struct intake_message *message);
/* The whole conversation; message->named has the recipients. */
void milter_internal_run(struct intake_message *message);
#endif
