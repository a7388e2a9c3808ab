/* recipients.h: the recipients of a message on its way in: rewritten, expanded, copied (BCC), each one once. */
#ifndef QMGR_INTAKE_RECIPIENTS_H
#define QMGR_INTAKE_RECIPIENTS_H
#include "qmgr/intake/state.h"

/* For postdrop: as it is, whatever it will become. */
void recipients_keep(struct intake_message *message, const struct recipient *recipient);
/* One as named by the client or by a header. */
void recipients_add(struct intake_message *message, const struct recipient *recipient);
/* A copy that nobody named: not rewritten, aliases expanded. notify: NOTIFY_*, NOTIFY_NEVER for one that nobody is told of. */
void recipients_add_copy(struct intake_message *message, const char *address, uint32_t notify);
/* After the content: copies from checks, and REDIRECT. */
void recipients_finish(struct intake_message *message);
#endif
