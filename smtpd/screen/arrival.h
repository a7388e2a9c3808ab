/* arrival.h: a connection at postscreen's door: who is let through at once, who is turned away, and who is tested first
 * (postscreen(8), POSTSCREEN_README). */
#ifndef SMTPD_SCREEN_ARRIVAL_H
#define SMTPD_SCREEN_ARRIVAL_H
#include "smtpd/screen/screen.h"

/* Takes a connection that was just accepted. */
void arrival_start(struct screen *screen, int fd);
#endif
