/* loop.h: whether a message was at an address before: its Delivered-To: headers say so. */
#ifndef LOCAL_EXPAND_LOOP_H
#define LOCAL_EXPAND_LOOP_H
#include "local/delivery.h"

/* Whether the message has a Delivered-To: header with that address. The headers are read once per delivery. */
bool loop_is_here(struct delivery *delivery, const char *address);
#endif
