/* milter_envelope.h: what filters want of the envelope: a sender, recipients more or less. */
#ifndef QMGR_INTAKE_MILTER_MILTER_ENVELOPE_H
#define QMGR_INTAKE_MILTER_MILTER_ENVELOPE_H
#include "qmgr/intake/milter/milter.h"
#include "qmgr/intake/state.h"

/* Lives in the message's arena. */
struct milter_envelope_change {
    enum milter_answer_kind kind;
    const char *address;    /* internal form */
    const char *parameters; /* ESMTP */
    struct milter_envelope_change *next;
};

/* Carries out message->milter_changes, once all recipients are known. */
void milter_envelope_change(struct intake_message *message);
#endif
