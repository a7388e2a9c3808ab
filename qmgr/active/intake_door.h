/* intake_door.h: the server at private/intake (intake.def): workers that take in mail get places and hand over what
 * they have written. Its peers are network workers and may be hostile: each has at most two places lent, commits
 * only those, and the first nonsense ends its connection. */
#ifndef QMGR_ACTIVE_INTAKE_DOOR_H
#define QMGR_ACTIVE_INTAKE_DOOR_H
#include "qmgr/active/manager.h"

struct intake_door;

/* manager->places must be there. */
struct intake_door *intake_door_new(struct manager *manager);
void intake_door_free(struct intake_door *door); /* ends all connections; what they hadn't committed is removed */
/* The process leaves: locks what is lent, so that the successor's recovery lets it be; from now on also what is lent later. */
void intake_door_keep_lent(struct intake_door *door);
bool intake_door_has_lent(const struct intake_door *door);
/* Whether that place is lent. */
bool intake_door_has(const struct intake_door *door, const char *id);
/* Takes the socket of a new connection. */
void intake_door_connect(struct intake_door *door, int fd);
#endif
