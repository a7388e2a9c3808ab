/* expand.h: follows a recipient to where its mail ends up: aliases, :include: files, .forward files, mailboxes, files,
 * commands, and addresses elsewhere. Everything that it comes to is reported or noted for forwarding. */
#ifndef LOCAL_EXPAND_EXPAND_H
#define LOCAL_EXPAND_EXPAND_H
#include "local/delivery.h"

/* step->recipient, sender, delivered_to, source and parents are set; the rest follows from the address. */
void expand_recipient(struct delivery *delivery, struct step *step);
#endif
