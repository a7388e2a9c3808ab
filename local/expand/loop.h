/* loop.h: whether a message was at an address before: its Delivered-To: headers say so. */
#ifndef LOCAL_EXPAND_LOOP_H
#define LOCAL_EXPAND_LOOP_H
#include "local/delivery.h"

bool loop_is_here(struct delivery *delivery, const char *address);
#endif
