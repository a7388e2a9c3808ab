/* milter_content.h: shows a message that is complete to the filters, one after the other, and makes the changes that they ask
 * for: a new head and body are appended to the queue file, the envelope is changed before it is written. */
#ifndef QMGR_INTAKE_MILTER_MILTER_CONTENT_H
#define QMGR_INTAKE_MILTER_MILTER_CONTENT_H
#include "qmgr/intake/milter/milter_list.h"
#include "qmgr/intake/state.h"

/* What filters want of the envelope; carried out once all recipients are known. */
struct milter_envelope_change;

/* After the content: head and body lie in the file (or its writer). What was refused, held, or discarded is the message's. */
void milter_content_run(struct intake_message *message, struct milter_list *list);
/* After the recipients. */
void milter_content_change_envelope(struct intake_message *message);

/* Logs "ID: milter-reject: STAGE from ...", and does what a filter decided. False: nothing more is to be asked. */
bool milter_content_apply(struct intake_message *message, const char *stage, const struct milter_decision *decision);
#endif
