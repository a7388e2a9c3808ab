/* headers.h: the fields of the message header, one at a time: counted, logged, dropped, written; and those that are missing. */
#ifndef QMGR_INTAKE_HEADERS_H
#define QMGR_INTAKE_HEADERS_H
#include "qmgr/intake/state.h"

/* At the start of the message header. */
void headers_start(struct intake_message *message);
/* One whole field (header.h); its text may be changed. */
void headers_take_field(struct intake_message *message, struct str *field);
/* The header is over: adds what is missing. */
void headers_finish(struct intake_message *message);
#endif
