/* decide_known.h: whether an address of ours exists, as the tables of recipients say (LOCAL_RECIPIENT_README). */
#ifndef SMTPD_POLICY_DECIDE_KNOWN_H
#define SMTPD_POLICY_DECIDE_KNOWN_H
#include "smtpd/policy/evaluation.h"

/* Rows of restriction_types.c. */
enum decision decide_known_recipient(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_known_sender(struct evaluation *evaluation, const struct restriction *restriction);
#endif
