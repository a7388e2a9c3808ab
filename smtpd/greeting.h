/* greeting.h: what a client hears first. */
#ifndef SMTPD_GREETING_H
#define SMTPD_GREETING_H
#include "util/mail/verdict.h"

struct session;

/* Asks restrictions and mail filters about the connection (anew after XCLIENT). code 220: welcome. Any other: what to say instead,
 * with session.denied or session.quit set accordingly. */
struct verdict greeting_decide(struct session *session);
#endif
