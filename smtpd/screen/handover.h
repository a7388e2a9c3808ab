/* handover.h: gives a connection to smtpd (a service of type pass) and waits until it has been taken. */
#ifndef SMTPD_SCREEN_HANDOVER_H
#define SMTPD_SCREEN_HANDOVER_H
#include "master/worker/pass.h"
#include "smtpd/screen/screen.h"

/* Takes the client's descriptor. If smtpd can't be reached the client is told 421. */
void handover_start(struct screen *screen, int fd, const struct pass_end *peer, const struct pass_end *local);
#endif
