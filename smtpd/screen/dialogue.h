/* dialogue.h: postscreen's own SMTP engine, which never takes mail: it runs the tests after the greeting, and tells clients
 * that failed one why (POSTSCREEN_README). */
#ifndef SMTPD_SCREEN_DIALOGUE_H
#define SMTPD_SCREEN_DIALOGUE_H
#include "smtpd/screen/visitor.h"

/* Greets and goes on from the loop until the connection ends; its state (dialogue_state.h) is the visitor's until then. */
void dialogue_start(struct visitor *visitor);
#endif
