/* restrictions.h: what access restrictions make of a command, and what follows for the session. */
#ifndef SMTPD_RESTRICTIONS_H
#define SMTPD_RESTRICTIONS_H
#include "smtpd/session.h"

/* Asks policy about the command; does what its notes want, logs a rejection. recipient, etrn_domain: NULL where the command
 * has none. code 0: go on. */
struct verdict restrictions_ask(struct session *session, enum policy_stage stage, const char *recipient, const char *etrn_domain);
#endif
