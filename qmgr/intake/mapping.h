/* mapping.h: what becomes of an address: standard form, canonical_maps, masquerading, virtual_alias_maps, BCC tables
 * (ADDRESS_REWRITING_README). */
#ifndef QMGR_INTAKE_MAPPING_H
#define QMGR_INTAKE_MAPPING_H
#include "qmgr/intake/state.h"

struct mapping;

struct mapping *mapping_open(const struct config *config, const struct config *rewrite);
void mapping_close(struct mapping *mapping);
bool mapping_has_changed(struct mapping *mapping);

/* Sets the envelope sender from what the client named. */
void mapping_sender(struct intake_message *message, const char *sender);
#endif
