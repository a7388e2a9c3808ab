/* body.h: what comes behind the empty line: passes through, or is looked at line by line where checks or MIME ask for it. */
#ifndef QMGR_INTAKE_BODY_H
#define QMGR_INTAKE_BODY_H
#include "qmgr/intake/state.h"

void body_start(struct intake_message *message);
void body_text(struct intake_message *message, const char *bytes, size_t length, bool line_end);
void body_finish(struct intake_message *message);
#endif
