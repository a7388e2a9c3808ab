/* mapping.h: what becomes of an address: standard form, canonical_maps, masquerading, virtual_alias_maps, BCC tables
 * (ADDRESS_REWRITING_README). A table that fails becomes the message's failure (state_fail). */
#ifndef QMGR_INTAKE_MAPPING_H
#define QMGR_INTAKE_MAPPING_H
#include "qmgr/intake/state.h"

struct mapping;

/* Where an address stands; the *_classes parameters name them. */
enum mapping_class {
    MAPPING_ENVELOPE_SENDER = 1,
    MAPPING_ENVELOPE_RECIPIENT = 2,
    MAPPING_HEADER_SENDER = 4,
    MAPPING_HEADER_RECIPIENT = 8,
};

/* Opens the tables: before a worker confines itself. has_changed: one was replaced since. */
struct mapping *mapping_open(const struct config *config, const struct config *rewrite);
void mapping_close(struct mapping *mapping);
bool mapping_has_changed(struct mapping *mapping);

/* Standard form, canonical tables, masquerading. The result replaces *out. */
void mapping_rewrite(struct intake_message *message, enum mapping_class class, const char *address, struct str *out);
/* Appends what rewriting appends to a name without domain in a header: for one whose quotes keep it from being looked into. */
void mapping_complete(const struct intake_message *message, struct str *local);
/* Whether headers of this message are rewritten at all (local_header_rewrite_clients, remote_header_rewrite_domain). */
bool mapping_rewrites_headers(const struct intake_message *message);

/* Sets the envelope sender from what the client named. */
void mapping_sender(struct intake_message *message, const char *sender);

/* The copy that a BCC table asks for: *out is the address, empty if none. */
bool mapping_wants_bcc(const struct intake_message *message);
void mapping_sender_bcc(struct intake_message *message, struct str *out);
void mapping_recipient_bcc(struct intake_message *message, const char *recipient, struct str *out);

/* virtual_alias_maps: calls take for each final address (at least one, unless the message failed); before them, for the alias
 * itself (as expanded) if the sender wants to hear of success. */
typedef void mapping_take(struct intake_message *message, const struct recipient *recipient, const char *address);
void mapping_expand(struct intake_message *message, const struct recipient *recipient, const char *address,
    mapping_take *take);
#endif
