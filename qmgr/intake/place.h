/* place.h: an intake worker's connection to the queue manager (qmgr/client/intake.def): places for messages, one ahead of need,
 * so that a message costs one round trip. */
#ifndef QMGR_INTAKE_PLACE_H
#define QMGR_INTAKE_PLACE_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/str.h"
#include "util/mail/verdict.h"

struct place;

/* socket_path and service are copied. Connects when needed. */
struct place *place_open(const char *socket_path, const char *service, long timeout_s);
void place_close(struct place *place); /* NULL is allowed; a place that was lent is given up */

/* Asks for a place without waiting for it. */
void place_prefetch(struct place *place);
/* Waits for a place and lends it: the id lives until the next place_take, the descriptor is the caller's (close it).
 * False: *why is a 4xx; its text lives until the next call. */
bool place_take(struct place *place, const char **queue_id, int *content, struct verdict *why);
/* The message is on disk: hands it over and waits until the queue manager has it. */
bool place_commit(struct place *place, const char *queue_id, const struct str *envelope, size_t recipient_count,
    struct verdict *why);
/* Nothing will come there. */
/* What waits for that domain is due now. False: the queue manager is away. */
bool place_flush_site(struct place *place, const char *site);
void place_abandon(struct place *place, const char *queue_id);
#endif
