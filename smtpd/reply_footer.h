/* reply_footer.h: what administrators want changed in refusals: smtpd_reject_filter_maps, smtpd_reject_footer(_maps). */
#ifndef SMTPD_REPLY_FOOTER_H
#define SMTPD_REPLY_FOOTER_H
#include "util/mail/verdict.h"

struct session;

/* The refusal as the client shall see it; texts live as long as the command. Other replies stay as they are. */
struct verdict reply_footer_add(struct session *session, struct verdict verdict);
#endif
