/* milter_content.h: shows a message that is complete to the filters, one after the other, and makes the changes that they ask
 * for: a new head and body are appended to the queue file; changes of the envelope wait (milter_envelope.h). */
#ifndef QMGR_INTAKE_MILTER_MILTER_CONTENT_H
#define QMGR_INTAKE_MILTER_MILTER_CONTENT_H
#include "qmgr/intake/milter/milter_list.h"
#include "qmgr/intake/state.h"

/* After the content: head and body lie in the file (or its writer). What was refused, held, or discarded is the message's. */
void milter_content_run(struct intake_message *message, struct milter_list *list);
#endif
