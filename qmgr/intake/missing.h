/* missing.h: header fields that a message should have and doesn't (RFC 5322 section 3.6), in Postfix's order and form. */
#ifndef QMGR_INTAKE_MISSING_H
#define QMGR_INTAKE_MISSING_H
#include "qmgr/intake/state.h"

/* Writes Message-Id, Date, From, To where they are missing and wanted; logs the message id. */
void missing_add(struct intake_message *message);
#endif
