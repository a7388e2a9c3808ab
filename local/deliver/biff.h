/* biff.h: tells comsat(8) of new mail. */
#ifndef LOCAL_DELIVER_BIFF_H
#define LOCAL_DELIVER_BIFF_H
#include <stdint.h>

/* One datagram to this host; nobody need be listening. offset: where the new message begins in the mailbox. */
void biff_notify(const char *user, int64_t offset);
#endif
