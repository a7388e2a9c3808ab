/* original.h: what a report says about the message that it reports. */
#ifndef QMGR_BOUNCE_ORIGINAL_H
#define QMGR_BOUNCE_ORIGINAL_H
#include "qmgr/client/agent.h"

/* The value of its first Message-Id field, on one line, at most 1000 bytes; in the order's arena. NULL: it has none, or one that
 * isn't printable, or its file can't be read. */
const char *original_message_id(struct order *order);
#endif
